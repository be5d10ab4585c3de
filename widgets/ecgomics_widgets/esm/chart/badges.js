// Shapes of the badges a candidate can have: a ring is exploratory, a disc declared, a diamond validated, a star replicated.

export const BADGES = { exploratory: "exploratory", declared: "declared", validated: "split-validated", replicated: "replicated" };

/** Add a badge's outline around a point to a path. */
export function outline(path, badge, x, y, size) {
  if (badge === "validated") {
    path.moveTo(x, y - size * 1.25);
    path.lineTo(x + size * 1.25, y);
    path.lineTo(x, y + size * 1.25);
    path.lineTo(x - size * 1.25, y);
    path.closePath();
  } else if (badge === "replicated") {
    for (let k = 0; k < 10; k++) {
      const radius = size * (k % 2 ? 0.62 : 1.6);
      const angle = (Math.PI / 5) * k - Math.PI / 2;
      if (k) path.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
      else path.moveTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    }
    path.closePath();
  } else {
    path.moveTo(x + size, y);
    path.arc(x, y, size, 0, 2 * Math.PI);
  }
}

/** Draw one badge; the ring is open, all others are filled. */
export function mark(ctx, { badge, x, y, size, colour, ground }) {
  const path = new Path2D();
  outline(path, badge, x, y, size);
  const open = badge === "exploratory" || !(badge in BADGES);
  ctx.fillStyle = open ? ground : colour;
  ctx.fill(path);
  ctx.lineWidth = open ? 1.6 : 1;
  ctx.strokeStyle = open ? colour : ground;
  ctx.stroke(path);
}
