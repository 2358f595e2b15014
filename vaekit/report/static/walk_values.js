// A slider a value of z; of a map, the values of the place that the reader points at.
"use strict";

(() => {
  const { walk, data } = vaekit;
  if (!walk || !data.walk.values) return;

  const FIRST = 16; // sliders, before those that are asked for
  const { latent } = data;
  const isMap = latent.shape.length > 1;
  const depth = latent.shape.at(-1);
  const parent = document.getElementById("walk-sliders");
  const more = document.getElementById("walk-more");
  const ends = largest();
  let count = FIRST;
  let rows = [];

  // How far each slider goes: as far as the prior, or as the images shown.
  function largest() {
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
    const name = isMap ? `channel ${number % depth}` : `${latent.name} ${number}`;
    Object.assign(input, { type: "range", min: -ends[number], max: ends[number], step: "any" });
    row.append(`${name}${kl == null ? "" : ` · KL ${kl.toFixed(2)}`}`, input, output);
    input.addEventListener("input", () => {
      output.textContent = Number(input.value).toFixed(2);
      walk.go([Number(input.value)], "values", number);
    });
    input.addEventListener("dblclick", () => {
      walk.go([0], null, number);
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
    const of = latent.order.filter((n) => !isMap || Math.floor(n / depth) === walk.place.number);
    rows = of.slice(0, count).map(slider);
    parent.replaceChildren(...rows.map(({ row }) => row));
    more.hidden = of.length <= count;
    more.textContent = `${of.length - count} more`;
    follow();
  }

  more.addEventListener("click", () => {
    count += 4 * FIRST;
    draw();
  });
  walk.onMove("values", follow);
  walk.place?.onChoice(draw);
  draw();
})();
