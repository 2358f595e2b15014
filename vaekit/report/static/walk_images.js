// Images to start from, and the way between the two that were chosen last.
"use strict";

(async () => {
  const { walk, data, map } = vaekit;
  if (!walk) return;

  const PAGE = 24; // thumbnails
  const { latent, images, condition } = data;
  const { count, height, width } = images.sheet;
  const part = (name) => document.getElementById(`walk-${name}`);
  const ends = [part("from"), part("to")];
  let chosen = []; // two at most, the newest at the end
  let first = 0;
  let sheet;

  function put(canvas, index) {
    Object.assign(canvas, { height, width });
    sheet.draw(canvas, index);
  }

  function thumbnail(index) {
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    const label = latent.labels?.[index];
    const words = label == null ? "" : `, ${latent.class_names?.[label] ?? label}`;
    canvas.className = "tile";
    put(canvas, index);
    Object.assign(button, { type: "button", title: `image ${index}${words}` });
    button.append(canvas);
    button.addEventListener("click", () => choose(index));
    return button;
  }

  function draw() {
    const indices = Array.from({ length: Math.min(PAGE, count - first) }, (_, n) => first + n);
    part("thumbnails").replaceChildren(...indices.map(thumbnail));
    part("earlier").disabled = first === 0;
    part("later").disabled = first + PAGE >= count;
  }

  function choose(index) {
    chosen = [...chosen.slice(-1), index];
    put(part("source"), index);
    part("origin").hidden = false;
    walk.image = index;
    walk.go(walk.of(index), { label: condition && (latent.labels?.[index] ?? null) });
    if (chosen.length < 2 || !data.walk.free) return;
    part("between").hidden = false;
    ends.forEach((canvas, number) => put(canvas, chosen[number]));
    part("share").value = 1;
  }

  part("share").addEventListener("input", ({ target }) => {
    const [from, to] = chosen.map(walk.of);
    const share = Number(target.value);
    walk.go(from.map((value, place) => value + share * (to[place] - value)));
  });
  part("earlier").addEventListener("click", () => {
    first -= PAGE;
    draw();
  });
  part("later").addEventListener("click", () => {
    first += PAGE;
    draw();
  });

  try {
    sheet = await vaekit.sheet(images.sheet);
  } catch {
    return; // the map says so
  }
  draw();
  map?.onPick(choose);
})();
