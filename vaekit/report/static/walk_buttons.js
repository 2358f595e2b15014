// Back to the middle, a draw from the prior, and the class to decode in.
"use strict";

(() => {
  const { walk, data } = vaekit;
  if (!walk) return;

  const { latent, condition } = data;
  const classes = document.getElementById("walk-class");

  // A draw of N(0, 1), by Box and Muller.
  function normal() {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
    return radius * Math.cos(2 * Math.PI * Math.random());
  }

  function offer(id, wanted, press) {
    const button = document.getElementById(id);
    button.hidden = !wanted;
    button.addEventListener("click", press);
  }

  offer("walk-reset", data.walk.values, () => walk.go(new Float32Array(latent.size)));
  offer("walk-prior", data.walk.standard_prior, () =>
    walk.go(Float32Array.from({ length: latent.size }, normal)),
  );
  if (condition) {
    classes.parentElement.hidden = false;
    classes.append(...condition.names.map((name, number) => new Option(name, number)));
    classes.addEventListener("change", () => walk.setLabel(Number(classes.value)));
  }
})();
