// Whole numbers at each place of z, a slider each at the chosen one: z is the sum of what they look up.
"use strict";

(() => {
  const { walk, data } = vaekit;
  if (!walk || !data.walk.codes) return;

  const { sizes } = data.walk.codes;
  const [base, tables, all] = ["base", "tables", "codes"].map((name) =>
    vaekit.floats(data.walk.codes[name]),
  );
  const depth = base.length;
  const places = data.latent.size / depth;
  const columns = data.latent.shape.at(-2) ?? 1;
  const sliders = document.getElementById("walk-sliders");
  const grid = document.getElementById("walk-codes");
  const codes = new Float32Array(places * sizes.length);

  function lookedUp(place) {
    const vector = base.slice();
    let start = 0; // of this number's rows
    sizes.forEach((size, level) => {
      const row = (start + codes[place * sizes.length + level]) * depth;
      for (let channel = 0; channel < depth; channel++) vector[channel] += tables[row + channel];
      start += size;
    });
    return vector;
  }

  function slider(size, level) {
    const row = document.createElement("label");
    const input = document.createElement("input");
    const output = document.createElement("output");
    const place = walk.place.number;
    const number = place * sizes.length + level;
    Object.assign(input, { type: "range", min: 0, max: size - 1, step: 1 });
    input.value = codes[number];
    output.textContent = codes[number];
    row.append(sizes.length > 1 ? `code ${level}` : "code", input, output);
    input.addEventListener("input", () => {
      output.textContent = input.value;
      codes[number] = Number(input.value);
      walk.go(lookedUp(place), { by: "codes", at: place * depth });
      write();
    });
    return row;
  }

  // The numbers as they lie in the map.
  function write() {
    const cells = Array.from({ length: places }, (_, place) => {
      const cell = document.createElement("span");
      cell.textContent = codes.subarray(place * sizes.length, (place + 1) * sizes.length).join(" ");
      cell.className = place === walk.place.number ? "chosen" : "";
      return cell;
    });
    grid.style.gridTemplateColumns = `repeat(${columns}, auto)`;
    grid.replaceChildren(...cells);
  }

  function draw() {
    sliders.replaceChildren(...sizes.map(slider));
    write();
  }

  // z came from the image that was chosen last.
  function follow() {
    codes.set(all.subarray(walk.image * codes.length, (walk.image + 1) * codes.length));
    draw();
  }

  // z came from an image that the page hasn't shown.
  document.addEventListener("vaekit:z", ({ detail }) => {
    if (!detail.codes) return;
    codes.set(detail.codes);
    draw();
  });
  grid.hidden = false;
  walk.onMove("codes", follow);
  walk.place.onChoice(draw);
  follow();
})();
