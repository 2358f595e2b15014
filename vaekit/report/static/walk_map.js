// The marker of the map and the place in z, which follow one another.
"use strict";

(() => {
  const { walk, map } = vaekit;
  if (!walk || !map) return;

  // Where z lies along an axis of the plane; axes are at right angles, and one may have no length.
  function along(axis, origin) {
    let [share, length] = [0, 0];
    axis.forEach((value, place) => {
      share += value * (walk.z[place] - origin[place]);
      length += value * value;
    });
    return share / (length || 1);
  }

  function axesOf({ axes }) {
    return [axes.subarray(0, axes.length / 2), axes.subarray(axes.length / 2)];
  }

  function mark() {
    const { plane } = map;
    if (plane.axes) map.mark(...axesOf(plane).map((axis) => along(axis, plane.origin)));
  }

  // What of z doesn't lie in the plane stays as it is.
  function drag({ plane, x, y }) {
    const [first, second] = axesOf(plane);
    const dx = x - along(first, plane.origin);
    const dy = y - along(second, plane.origin);
    const z = walk.z.map((value, place) => value + dx * first[place] + dy * second[place]);
    walk.go(z, { by: "map" });
  }

  walk.onMove("map", mark);
  map.onDrag(drag);
  map.onPlane(mark);
  mark();
})();
