// The codes of the place that the reader points at: z there is the sum of what each looks up.
"use strict";

(() => {
  const { walk, data } = vaekit;
  if (!walk || !data.walk.codes) return;

  const { sizes } = data.walk.codes;
  const base = vaekit.floats(data.walk.codes.base);
  const tables = vaekit.floats(data.walk.codes.tables);
  const all = vaekit.floats(data.walk.codes.codes);
  const depth = base.length;
  const length = (data.latent.size / depth) * sizes.length; // whole numbers of an image
  const starts = sizes.map((_, level) => sizes.slice(0, level).reduce((sum, size) => sum + size, 0));
  const parent = document.getElementById("walk-sliders");
  const grid = document.getElementById("walk-codes");
  const codes = new Float32Array(length);

  const chosenPlace = () => walk.place?.number ?? 0;

  function looked(place) {
    const vector = base.slice();
    starts.forEach((start, level) => {
      const row = (start + codes[place * sizes.length + level]) * depth;
      for (let channel = 0; channel < depth; channel++) vector[channel] += tables[row + channel];
    });
    return vector;
  }

  function slider(size, level) {
    const row = document.createElement("label");
    const input = document.createElement("input");
    const output = document.createElement("output");
    const number = () => chosenPlace() * sizes.length + level;
    Object.assign(input, { type: "range", min: 0, max: size - 1, step: 1 });
    input.value = codes[number()];
    output.textContent = input.value;
    row.append(sizes.length > 1 ? `code ${level}` : "code", input, output);
    input.addEventListener("input", () => {
      output.textContent = input.value;
      codes[number()] = Number(input.value);
      walk.go(looked(chosenPlace()), "codes", chosenPlace() * depth);
      write();
    });
    return row;
  }

  // The codes as they lie in the map.
  function write() {
    const width = data.latent.shape.length > 2 ? data.latent.shape[1] : 1;
    const places = length / sizes.length;
    const cells = Array.from({ length: places }, (_, place) => {
      const cell = document.createElement("span");
      cell.textContent = codes.subarray(place * sizes.length, (place + 1) * sizes.length).join(" ");
      cell.className = place === chosenPlace() ? "chosen" : "";
      return cell;
    });
    grid.style.gridTemplateColumns = `repeat(${width}, auto)`;
    grid.replaceChildren(...cells);
  }

  function draw() {
    parent.replaceChildren(...sizes.map(slider));
    write();
  }

  // Codes of the image that is chosen.
  function follow() {
    codes.set(all.subarray(walk.image * length, (walk.image + 1) * length));
    draw();
  }

  grid.hidden = false;
  walk.onMove("codes", follow);
  walk.place?.onChoice(draw);
  follow();
})();
