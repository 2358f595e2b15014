// The latent map: images where the encoder puts them, to be pointed at, hidden by class and selected.
"use strict";

vaekit.map = (() => {
  const { data, chart, floats } = vaekit;
  if (!data.latent || !document.documentElement.classList.contains("scripted")) return null;

  const { latent, images, colours } = data;
  const TILES = 40; // images of a selection that are shown
  const WRITTEN = 3; // values of z
  const REACH = 18; // pixels from the marker within which it is taken hold of
  const z = floats(latent.z);
  const planes = latent.planes.map((spec) => ({
    ...spec,
    points: floats(spec.points),
    origin: spec.origin && floats(spec.origin),
    axes: spec.axes && floats(spec.axes),
  }));
  const all = Array.from({ length: images.sheet.count }, (_, index) => index);
  const classes = named();
  const hidden = new Set(); // labels
  let visible = all;
  const dragging = [];
  const changing = [];
  const picking = [];
  let plane = planes[0];
  let place = null; // of the marker
  let held = false;

  const map = chart(document.getElementById("map"), {});
  // The marker, in a layer of its own: as it moves, no point is drawn again.
  const ring = new echarts.graphic.Circle({
    shape: { cx: 0, cy: 0, r: 10 },
    style: { fill: "#ffffff99", stroke: "#111111", lineWidth: 3, shadowColor: "#ffffff", shadowBlur: 6 },
    silent: true,
    ignore: true,
    zlevel: 1,
  });
  const sheets = Promise.all([images.sheet, images.reconstructions].map(vaekit.sheet));
  let drawn = null; // the sheets, once they are read
  const card = element("div", "card");
  const pair = [tile(card), tile(card)];
  const caption = element("p", "", card);

  // The classes that are shown, by their labels; none where they have no names.
  function named() {
    const labels = latent.class_names ? [...new Set(latent.labels)].sort((a, b) => a - b) : [];
    return new Map(
      labels.map((label, number) => [
        label,
        {
          name: latent.class_names[label],
          color: colours[number % colours.length],
          symbol: number < colours.length ? "circle" : "triangle",
        },
      ]),
    );
  }

  function element(tag, className, parent) {
    const made = document.createElement(tag);
    made.className = className;
    parent?.append(made);
    return made;
  }

  function tile(parent) {
    const { height, width } = images.sheet;
    return Object.assign(element("canvas", "tile", parent), { height, width });
  }

  function show(canvases, index) {
    drawn?.forEach((sheet, number) => sheet.draw(canvases[number], index));
  }

  function words(index) {
    const label = latent.labels?.[index];
    const first = index * latent.size;
    const values = Array.from(z.subarray(first, first + Math.min(latent.size, WRITTEN)));
    const more = latent.size > WRITTEN ? ", …" : "";
    const at = `${latent.name} ${values.map((value) => value.toFixed(2)).join(", ")}${more}`;
    return [classes.get(label)?.name ?? label, at].filter((word) => word !== undefined).join("; ");
  }

  function pointed({ value: [, , index] }) {
    if (held) return ""; // it would lie over where the marker goes
    show(pair, index);
    caption.textContent = `image and reconstruction; ${words(index)}`;
    return card;
  }

  // Both axes have one scale, and where N(0, I) is marked its mean is in the middle.
  function range() {
    const [lows, highs] = [[Infinity, Infinity], [-Infinity, -Infinity]];
    plane.points.forEach((value, number) => {
      lows[number % 2] = Math.min(lows[number % 2], value);
      highs[number % 2] = Math.max(highs[number % 2], value);
    });
    if (plane.prior) {
      const half = 1.06 * Math.max(2.25, ...highs, ...lows.map((low) => -low));
      return [[-half, half], [-half, half]];
    }
    const half = 0.53 * Math.max(highs[0] - lows[0], highs[1] - lows[1]) || 1;
    return [0, 1].map((axis) => {
      const middle = (lows[axis] + highs[axis]) / 2;
      return [middle - half, middle + half];
    });
  }

  function axis(number, [min, max]) {
    return {
      type: "value",
      name: plane.axis_names[number],
      nameLocation: "middle",
      nameGap: 26,
      min,
      max,
      axisLine: { show: true, onZero: false },
      axisLabel: { showMinLabel: false, showMaxLabel: false, formatter: (value) => `${+value.toFixed(2)}` },
      splitLine: { show: false },
    };
  }

  function circle(sigma) {
    const turn = Array.from({ length: 73 }, (_, step) => (step * Math.PI) / 36);
    return {
      type: "line",
      id: `prior ${sigma}`,
      silent: true,
      symbol: "none",
      data: turn.map((angle) => [sigma * Math.cos(angle), sigma * Math.sin(angle)]),
      lineStyle: { color: "#8c8c8c", width: 1, type: "dashed" },
      endLabel: { show: true, formatter: `${sigma}σ`, color: "#8c8c8c" },
      z: 1,
    };
  }

  // All classes in one series, in the order of the images: none covers another.
  function points() {
    return {
      id: "images",
      type: "scatter",
      data: visible.map((index) => {
        const label = latent.labels?.[index] ?? 0;
        const { color = colours[0], symbol = "circle" } = classes.get(label) ?? {};
        const value = [plane.points[2 * index], plane.points[2 * index + 1], index, label];
        return { value, symbol, itemStyle: classes.size ? { color } : {} };
      }),
      symbolSize: all.length > 1000 ? 6 : 9,
      itemStyle: { opacity: 0.8, color: colours[0] },
      emphasis: { scale: 1.8 },
    };
  }

  // Labels that are numbers on a scale have its colours.
  function scale() {
    if (latent.class_names || !latent.labels) return undefined;
    return {
      type: "continuous",
      dimension: 3,
      seriesIndex: 0,
      min: Math.min(...latent.labels),
      max: Math.max(...latent.labels),
      inRange: { color: ["#440154", "#31688e", "#35b779", "#fde725"] },
      orient: "horizontal",
      right: 0,
      bottom: 50,
    };
  }

  function draw() {
    const [x, y] = range();
    const option = {
      backgroundColor: "transparent",
      animation: false,
      grid: { left: 52, right: 16, top: 26, bottom: 42 },
      tooltip: { trigger: "item", formatter: pointed, confine: true },
      toolbox: { right: 10, top: 0, feature: { dataZoom: {} } },
      brush: {
        toolbox: ["rect", "polygon", "clear"],
        xAxisIndex: 0,
        throttleType: "debounce",
        throttleDelay: 100,
        outOfBrush: { colorAlpha: 0.15 },
      },
      xAxis: axis(0, x),
      yAxis: axis(1, y),
      series: [points(), ...(plane.prior ? [circle(1), circle(2)] : [])],
      visualMap: scale(),
    };
    map.setOption(option, { notMerge: true });
    select([]);
  }

  function select(indices) {
    const panel = document.getElementById("map-selection");
    panel.replaceChildren();
    const title = element("p", "note", panel);
    if (!indices.length) {
      title.textContent = "Nothing is selected.";
      return;
    }
    const of = [...classes].flatMap(([label, { name }]) => {
      const count = indices.filter((index) => latent.labels[index] === label).length;
      return count ? [`${name}: ${count}`] : [];
    });
    const more = indices.length > TILES ? `; the first ${TILES} are shown` : "";
    title.textContent = [`${indices.length} selected${more}`, ...of].join(", ");
    const tiles = element("div", "tiles", panel);
    for (const index of indices.slice(0, TILES)) {
      const one = element("div", "", tiles);
      one.title = `image, and below it its reconstruction; ${words(index)}`;
      show([tile(one), tile(one)], index);
    }
  }

  function selected({ batch }) {
    const own = (batch[0]?.selected ?? []).filter(({ seriesIndex }) => seriesIndex === 0);
    select(own.flatMap(({ dataIndex }) => dataIndex.map((number) => visible[number])));
  }

  function button(parent, text, pressed, press) {
    const made = element("button", "", parent);
    made.type = "button";
    made.append(text);
    made.setAttribute("aria-pressed", pressed);
    made.addEventListener("click", () => press(made));
    return made;
  }

  function offerPlanes() {
    const parent = document.getElementById("map-planes");
    if (planes.length < 2) return;
    planes.forEach((one) =>
      button(parent, one.name, one === plane, (pressed) => {
        for (const other of parent.children) other.setAttribute("aria-pressed", other === pressed);
        [plane, place] = [one, null];
        draw();
        changing.forEach((callback) => callback(plane));
      }),
    );
  }

  function offerClasses() {
    const parent = document.getElementById("map-classes");
    for (const [label, { name, color, symbol }] of classes) {
      const made = button(parent, name, true, (pressed) => {
        const shown = hidden.delete(label) || !hidden.add(label);
        pressed.setAttribute("aria-pressed", shown);
        visible = all.filter((index) => !hidden.has(latent.labels[index]));
        map.setOption({ series: [points()] });
      });
      const swatch = element("span", `swatch ${symbol}`);
      swatch.style.background = color;
      made.prepend(swatch);
    }
  }

  // The marker goes where its place is drawn now.
  function follow() {
    const [cx, cy] = place ? map.convertToPixel({ gridIndex: 0 }, place) : [0, 0];
    const { ignore, shape } = ring;
    if (ignore === !place && shape.cx === cx && shape.cy === cy) return; // else drawn for ever
    ring.attr({ ignore: !place, shape: { cx, cy } });
  }

  // Put the marker somewhere in the present plane.
  function mark(x, y) {
    place = [x, y];
    follow();
  }

  // callback({plane, x, y}): the reader moves the marker, where a place of the plane is a z.
  function onDrag(callback) {
    dragging.push(callback);
  }

  // callback(index): the reader presses an image.
  function onPick(callback) {
    picking.push(callback);
  }

  // callback(plane): another plane is shown, and the marker is nowhere.
  function onPlane(callback) {
    changing.push(callback);
  }

  function near({ offsetX, offsetY }) {
    if (!place || !dragging.length || !plane.axes) return false;
    const [x, y] = map.convertToPixel({ gridIndex: 0 }, place);
    return Math.hypot(offsetX - x, offsetY - y) <= REACH;
  }

  function move({ offsetX, offsetY }) {
    const [x, y] = map.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY]);
    mark(x, y);
    dragging.forEach((callback) => callback({ plane, x, y }));
  }

  const hand = map.getZr();
  hand.add(ring);
  map.on("finished", follow);
  hand.on("mousedown", (event) => (held = near(event)));
  hand.on("mousemove", (event) => {
    if (held) move(event);
    else if (near(event)) hand.setCursorStyle("grab");
  });
  hand.on("mouseup", () => (held = false));
  hand.on("globalout", () => (held = false));

  map.on("brushSelected", selected);
  map.on("click", ({ value: [, , index] }) => picking.forEach((callback) => callback(index)));
  offerPlanes();
  offerClasses();
  draw();
  sheets.then(
    (read) => (drawn = read),
    () => vaekit.trouble("This browser can't read the page's images."),
  );

  return {
    onDrag,
    onPick,
    onPlane,
    mark,
    get plane() {
      return plane;
    },
  };
})();
