// The marker of the map and the place in z, which follow one another.
"use strict";

(() => {
  const { walk, map } = vaekit;
  if (!walk || !map) return;

  const dot = (a, b) => a.reduce((sum, value, place) => sum + value * b[place], 0);

  function axesOf(plane) {
    const size = plane.axes.length / 2;
    return [plane.axes.subarray(0, size), plane.axes.subarray(size)];
  }

  // Axes stand upright on one another, so each tells its own coordinate; one may be no axis of z.
  function mark() {
    const { plane } = map;
    if (!plane.axes) return;
    const from = walk.z.map((value, place) => value - plane.origin[place]);
    const [x, y] = axesOf(plane).map((axis) => dot(from, axis) / (dot(axis, axis) || 1));
    map.mark(x, y);
  }

  // What of z doesn't lie in the plane stays as it is.
  function drag({ plane, x, y }) {
    const [first, second] = axesOf(plane);
    const from = walk.z.map((value, place) => value - plane.origin[place]);
    const dx = x - dot(from, first) / (dot(first, first) || 1);
    const dy = y - dot(from, second) / (dot(second, second) || 1);
    const z = walk.z.map((value, place) => value + dx * first[place] + dy * second[place]);
    walk.go(z, "map");
  }

  walk.onMove("map", mark);
  map.onDrag(drag);
  map.onPlane(mark);
  mark();
})();
