// Of a map of z, the place whose values are changed: chosen in the image over which the map lies.
"use strict";

(() => {
  const { walk, data } = vaekit;
  if (!walk || data.latent.shape.length < 3) return;

  const [height, width] = data.latent.shape;
  const frame = document.getElementById("walk-frame");
  const ring = document.getElementById("walk-place");
  const words = document.getElementById("walk-place-words");
  const choosing = [];
  const place = {
    number: 0,
    count: height * width,
    onChoice: (callback) => choosing.push(callback),
  };

  function choose(row, column) {
    place.number = row * width + column;
    Object.assign(ring.style, {
      left: `${(100 * column) / width}%`,
      top: `${(100 * row) / height}%`,
      width: `${100 / width}%`,
      height: `${100 / height}%`,
    });
    words.textContent =
      `z is a map of ${height} × ${width} places. Press one in the image to change its values; ` +
      `now row ${row + 1}, column ${column + 1}.`;
    choosing.forEach((callback) => callback());
  }

  frame.addEventListener("click", (event) => {
    const box = frame.getBoundingClientRect();
    const row = Math.floor((height * (event.clientY - box.top)) / box.height);
    const column = Math.floor((width * (event.clientX - box.left)) / box.width);
    choose(Math.min(row, height - 1), Math.min(column, width - 1));
  });
  ring.hidden = false;
  words.hidden = false;
  frame.classList.add("of-places");
  walk.place = place;
  choose(Math.floor(height / 2), Math.floor(width / 2));
})();
