// A slider a value of z; of a map, a slider a value of the chosen place.
"use strict";

(() => {
  const { walk, data } = vaekit;
  if (!walk || !data.walk.free) return;

  const FIRST = 16; // sliders, before those that are asked for
  const { latent } = data;
  const depth = latent.size / walk.place.count;
  const parent = document.getElementById("walk-sliders");
  const more = document.getElementById("walk-more");
  const ends = spans();
  let count = FIRST;
  let rows = [];

  // How far each slider goes: as far as the prior, or the images shown.
  function spans() {
    const values = new Float32Array(latent.size).fill(latent.span);
    for (let index = 0; index < data.images.sheet.count; index++) {
      walk.of(index).forEach((value, place) => {
        values[place] = Math.max(values[place], Math.abs(value));
      });
    }
    return values;
  }

  function slider(number) {
    const row = document.createElement("label");
    const input = document.createElement("input");
    const output = document.createElement("output");
    const kl = latent.kl?.[number];
    const name = walk.place.count > 1 ? `value ${number % depth}` : `${latent.name} ${number}`;
    const end = ends[number];
    Object.assign(input, { type: "range", min: -end, max: end, step: end / 500 });
    row.append(kl == null ? name : `${name} · KL ${kl.toFixed(2)}`, input, output);
    input.addEventListener("input", () => {
      output.textContent = Number(input.value).toFixed(2);
      walk.go([Number(input.value)], { by: "values", at: number });
    });
    return { number, row, input, output };
  }

  function follow() {
    for (const { number, input, output } of rows) {
      input.value = walk.z[number];
      output.textContent = walk.z[number].toFixed(2);
    }
  }

  function draw() {
    const here = latent.order.filter((number) => Math.floor(number / depth) === walk.place.number);
    rows = here.slice(0, count).map(slider);
    parent.replaceChildren(...rows.map(({ row }) => row));
    more.hidden = here.length <= count;
    more.textContent = `${here.length - count} more`;
    follow();
  }

  more.addEventListener("click", () => {
    count = Infinity;
    draw();
  });
  walk.onMove("values", follow);
  walk.place.onChoice(draw);
  draw();
})();
