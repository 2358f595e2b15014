// Images of the test set to start from, and the way between the two that were chosen last.
"use strict";

(async () => {
  const { walk, data, map } = vaekit;
  if (!walk) return;

  const PAGE = 24; // thumbnails
  const { latent, images, condition } = data;
  const { count, height, width } = images.sheet;
  const parent = document.getElementById("walk-thumbnails");
  const source = document.getElementById("walk-source");
  const between = document.getElementById("walk-between");
  const share = document.getElementById("walk-share");
  const ends = [document.getElementById("walk-from"), document.getElementById("walk-to")];
  const classes = document.getElementById("walk-class");
  let chosen = []; // the two that were chosen last, the newest at the end
  let first = 0;

  const sheet = await vaekit.sheet(images.sheet);

  function sized(canvas) {
    return Object.assign(canvas, { height, width });
  }

  function thumbnail(index) {
    const button = document.createElement("button");
    const canvas = sized(document.createElement("canvas"));
    canvas.className = "tile";
    sheet.draw(canvas, index);
    const label = latent.labels?.[index];
    button.type = "button";
    button.title = `image ${index}${label == null ? "" : `, ${latent.class_names?.[label] ?? label}`}`;
    button.append(canvas);
    button.addEventListener("click", () => choose(index));
    return button;
  }

  function draw() {
    const indices = Array.from({ length: Math.min(PAGE, count - first) }, (_, n) => first + n);
    parent.replaceChildren(...indices.map(thumbnail));
  }

  function turn(by) {
    first = (first + by + count) % count;
    first -= first % PAGE;
    draw();
  }

  function choose(index) {
    chosen = [...chosen.slice(-1), index];
    sheet.draw(sized(source), index);
    document.getElementById("walk-origin").hidden = false;
    if (condition && latent.labels) {
      classes.value = latent.labels[index];
      walk.setLabel(latent.labels[index]);
    }
    walk.image = index;
    walk.go(walk.of(index));
    if (chosen.length < 2 || !data.walk.values) return;
    between.hidden = false;
    ends.forEach((canvas, number) => sheet.draw(sized(canvas), chosen[number]));
    share.value = 1;
  }

  share.addEventListener("input", () => {
    const [a, b] = chosen.map(walk.of);
    const way = Number(share.value);
    walk.go(a.map((value, place) => value + way * (b[place] - value)), "between");
  });
  document.getElementById("walk-earlier").addEventListener("click", () => turn(-PAGE));
  document.getElementById("walk-later").addEventListener("click", () => turn(PAGE));
  map?.onPick(choose);
  draw();
})();
