// What all pages share: their data, charts in the page's colours, sheets of small images, trouble.
"use strict";

window.vaekit = (() => {
  const data = JSON.parse(document.getElementById("page-data").textContent);

  // A sentence for the reader where something of the page can't work; the rest of it goes on.
  function trouble(sentence) {
    const line = document.getElementById("trouble");
    line.textContent = line.hidden ? sentence : `${line.textContent} ${sentence}`;
    line.hidden = false;
  }

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const charts = [];

  function themed(chart) {
    chart.setTheme(dark.matches ? "dark" : "default");
    chart.setOption({ backgroundColor: "transparent" });
  }

  // An ECharts chart in an element, which follows the page's width and its light or dark.
  function chart(element, option) {
    const made = echarts.init(element, null, { renderer: "canvas" });
    made.setOption({ animation: false, backgroundColor: "transparent", ...option });
    themed(made);
    charts.push(made);
    return made;
  }

  const resize = () => charts.forEach((made) => made.resize());
  window.addEventListener("resize", resize);
  dark.addEventListener("change", () => charts.forEach(themed));
  // On paper charts are light and as wide as it is: what is drawn follows no style sheet.
  window.addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printed");
    for (const made of charts) {
      made.setTheme("default");
      made.resize();
      made.getZr().flush(); // or it would be drawn after the print
    }
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printed");
    charts.forEach(themed);
    resize();
  });

  // Values that were written as base64 of little-endian float32.
  function floats(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  }

  // A sheet of equal images, row after row in one picture: {url, columns, count, height, width}.
  async function sheet(spec) {
    const picture = new Image();
    picture.src = spec.url;
    await picture.decode();
    const { columns, height, width } = spec;
    return {
      ...spec,
      // Draw image `index` over all of a canvas.
      draw(canvas, index) {
        const pen = canvas.getContext("2d");
        pen.imageSmoothingEnabled = false;
        const [x, y] = [(index % columns) * width, Math.floor(index / columns) * height];
        pen.clearRect(0, 0, canvas.width, canvas.height);
        pen.drawImage(picture, x, y, width, height, 0, 0, canvas.width, canvas.height);
      },
    };
  }

  // Draw an image of values in [0, 1], [height, width, channels] flat, over all of a canvas.
  function paint(canvas, values, [height, width, channels]) {
    const pixels = new ImageData(width, height);
    for (let place = 0; place < height * width; place++) {
      for (let colour = 0; colour < 3; colour++) {
        const value = values[place * channels + (channels < 3 ? 0 : colour)];
        pixels.data[4 * place + colour] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
      pixels.data[4 * place + 3] = 255;
    }
    const own = new OffscreenCanvas(width, height);
    own.getContext("2d").putImageData(pixels, 0, 0);
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(own, 0, 0, canvas.width, canvas.height);
  }

  // decoder: null, or what a script of the page puts here:
  //   decode(z, count, labels): z flat, Float32Array of count * D; labels Int32Array, or null without
  //     a condition. A promise of Float32Array, count * height * width * channels, in [0, 1].
  //   encode(image): where it can: a Float32Array of one image -> a promise of its z, D values.
  return { data, chart, floats, sheet, paint, trouble, decoder: null };
})();
