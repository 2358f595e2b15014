// An image file, dropped on the page or chosen: what the run takes it for, and its z for the walk.
"use strict";

(() => {
  const { explorer, condition } = vaekit.data;
  const panel = document.getElementById("drop");
  if (!panel) return; // the run takes no image files

  const part = (name) => document.getElementById(`drop-${name}`);
  let asked = 0; // files, so that the answer of an earlier one is known

  function tell(sentence) {
    part("trouble").textContent = sentence ?? "";
    part("trouble").hidden = !sentence;
  }

  function show(name, values, shape) {
    const canvas = part(name);
    [canvas.height, canvas.width] = shape;
    vaekit.paint(canvas, values, shape);
  }

  // Of what is listening to `vaekit:z`, a walk goes on from there.
  async function take(file) {
    const own = ++asked;
    tell(null);
    const label = condition ? Number(part("label").value) : null;
    try {
      if (file.size > explorer.most_bytes) {
        throw new Error(`It has ${file.size} bytes, and ${explorer.most_bytes} are the most.`);
      }
      const taken = await vaekit.remote.file(file, label);
      if (own !== asked) return; // another came meanwhile
      show("image", taken.image, explorer.shape);
      show("reconstruction", taken.reconstruction, explorer.shape);
      part("note").textContent = `${file.name}. ${taken.note}`;
      part("result").hidden = false;
      const detail = { z: taken.z, codes: taken.codes, label };
      document.dispatchEvent(new CustomEvent("vaekit:z", { detail }));
    } catch (error) {
      if (own !== asked) return;
      part("result").hidden = true;
      tell(`${file.name}: ${error.message}`);
    }
  }

  part("file").addEventListener("change", ({ target }) => {
    if (target.files.length) take(target.files[0]);
    target.value = ""; // the same file may be chosen again
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault(); // else the browser would show the file in the page's place
    panel.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) panel.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    panel.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) take(file);
    else tell("That is no file. Save the image first, then drop it.");
  });
})();
