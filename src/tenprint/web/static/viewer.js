// The fingerprint viewer: two panes over the images of one finger. Pictures on canvas, marks and minutiae in SVG above.
// Lengths of a picture are pixels at 500 ppi, so that both sides have one scale; lengths of a pane are CSS pixels.
// Until the examiner's first finding is recorded the page has no `data-open`, and the server gives no pairing.

const SIDES = ["probe", "candidate"];
const PPI = 500;
const STEP = 1.25;
const CLOSEST = 12;
const FARTHEST = 0.05;
const NUDGE = 40;
const NUDGE_FAR = 200;
const KEPT_PICTURES = 12;
/** Share of both frames that stands in the window before a finger counts as seen. */
const IN_SIGHT = 0.5;
const SVG = "http://www.w3.org/2000/svg";
const TONES = { brightness: [20, 300], contrast: [20, 400] };

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const other = (side) => (side === "probe" ? "candidate" : "probe");

function drawn(tag, attributes, parent) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (parent) parent.append(element);
  return element;
}

/** Return a vector turned clockwise on the screen by degrees. */
function turned([x, y], degrees) {
  const angle = (degrees * Math.PI) / 180;
  return [x * Math.cos(angle) - y * Math.sin(angle), x * Math.sin(angle) + y * Math.cos(angle)];
}

/** What one side shows: a picture, where it is looked at, and how. */
class Pane {
  constructor(root, onFrame) {
    this.side = root.dataset.side;
    this.name = this.side === "probe" ? "Probe" : "Candidate";
    this.root = root;
    this.view = root.querySelector(".pane-view");
    this.canvas = root.querySelector("canvas");
    this.overlay = root.querySelector(".pane-overlay");
    this.message = root.querySelector(".pane-message");
    this.picture = null;
    this.size = [0, 0];
    this.marks = [];
    this.minutiae = [];
    this.twin = null;
    this.onFrame = onFrame;
    this.plain();
  }

  /** Forget turn and tone; the place is set by `fit`. */
  plain() {
    Object.assign(this, { scale: 1, center: [0, 0], rotation: 0, brightness: 100, contrast: 100, isInverted: false });
  }

  show(picture, ppi) {
    this.picture = picture;
    this.size = [(picture.width * PPI) / ppi, (picture.height * PPI) / ppi];
    this.say("");
  }

  /** Show a sentence in the picture's place, or the picture again. */
  say(sentence) {
    this.message.hidden = !sentence;
    this.message.textContent = sentence;
    if (sentence) {
      this.picture = null;
      this.size = [0, 0];
    }
  }

  get frame() {
    return [this.view.clientWidth, this.view.clientHeight];
  }

  fitting() {
    if (!this.picture) return Infinity;
    const [width, height] = turnedBox(this.size, this.rotation);
    return Math.min(this.frame[0] / width, this.frame[1] / height);
  }

  fit(scale) {
    this.scale = scale;
    this.center = [this.size[0] / 2, this.size[1] / 2];
  }

  move([right, down]) {
    const [x, y] = turned([right, down], -this.rotation);
    this.center = [this.center[0] - x / this.scale, this.center[1] - y / this.scale];
    this.keepInSight();
  }

  /** Zoom by a factor; the point of the pane (from its middle) stays where it is. */
  zoom(factor, point) {
    const scale = clamp(this.scale * factor, FARTHEST, CLOSEST);
    const [x, y] = turned(point, -this.rotation);
    const change = 1 / this.scale - 1 / scale;
    this.center = [this.center[0] + x * change, this.center[1] + y * change];
    this.scale = scale;
    this.keepInSight();
  }

  keepInSight() {
    this.center = [clamp(this.center[0], 0, this.size[0]), clamp(this.center[1], 0, this.size[1])];
  }

  turn(degrees) {
    this.rotation = ((((this.rotation + degrees + 180) % 360) + 360) % 360) - 180;
  }

  /** Return where a point of the picture stands in the pane. */
  toPane([x, y]) {
    const [right, down] = turned([(x - this.center[0]) * this.scale, (y - this.center[1]) * this.scale], this.rotation);
    return [this.frame[0] / 2 + right, this.frame[1] / 2 + down];
  }

  toPicture([x, y]) {
    const [right, down] = turned([x - this.frame[0] / 2, y - this.frame[1] / 2], -this.rotation);
    return [this.center[0] + right / this.scale, this.center[1] + down / this.scale];
  }

  draw() {
    const [width, height] = this.frame;
    const dense = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * dense) || this.canvas.height !== Math.round(height * dense)) {
      this.canvas.width = Math.round(width * dense);
      this.canvas.height = Math.round(height * dense);
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.picture) {
      context.scale(dense, dense);
      context.translate(width / 2, height / 2);
      context.rotate((this.rotation * Math.PI) / 180);
      context.scale(this.scale, this.scale);
      context.translate(-this.center[0], -this.center[1]);
      context.imageSmoothingEnabled = this.scale < 3;
      context.imageSmoothingQuality = "high";
      context.drawImage(this.picture, 0, 0, this.size[0], this.size[1]);
    }
    const tones = `brightness(${this.brightness}%) contrast(${this.contrast}%) invert(${this.isInverted ? 1 : 0})`;
    this.canvas.style.filter = tones;
    this.drawOverlay();
    this.tell();
  }

  drawOverlay() {
    const [width, height] = this.frame;
    this.overlay.replaceChildren();
    drawn("path", { class: "middle", d: `M${width / 2 - 12} ${height / 2}h24M${width / 2} ${height / 2 - 12}v24` }, this.overlay);
    if (!this.picture) return;
    const numbers = [];
    for (const minutia of this.minutiae) this.drawMinutia(minutia, numbers);
    // Where numbers would cover each other, the higher ones wait for more zoom.
    numbers.sort((one, two) => one.number - two.number);
    const shown = [];
    for (const { number, x, y } of numbers) {
      if (shown.some((each) => Math.abs(each.x - x) < 18 && Math.abs(each.y - y) < 11)) continue;
      shown.push({ x, y });
      drawn("text", { class: "number", x, y }, this.overlay).textContent = number;
    }
    this.marks.forEach((mark, index) => {
      const [x, y] = this.toPane(mark);
      drawn("circle", { class: "mark", cx: x, cy: y, r: 7 }, this.overlay);
      drawn("text", { class: "mark-number", x: x + 9, y: y - 6 }, this.overlay).textContent = index + 1;
    });
    if (this.twin) {
      const [x, y] = this.twin;
      drawn("path", { class: "twin", d: `M${x - 9} ${y}h6m6 0h6M${x} ${y - 9}v6m0 6v6` }, this.overlay);
    }
  }

  drawMinutia({ x, y, angle, kind, number }, numbers) {
    const [left, top] = this.toPane([x, y]);
    const [width, height] = this.frame;
    if (left < -15 || top < -15 || left > width + 15 || top > height + 15) return;
    // Angles of a template run counter-clockwise, turns of the screen clockwise.
    const place = `translate(${left} ${top}) rotate(${this.rotation - angle})`;
    const group = drawn("g", { transform: place, "data-kind": kind }, this.overlay);
    for (const name of ["halo", number ? "m paired" : "m"]) {
      if (kind === "bifurcation") drawn("rect", { class: name, x: -5, y: -5, width: 10, height: 10 }, group);
      else if (kind === "ending") drawn("circle", { class: name, r: 5 }, group);
      else drawn("path", { class: name, d: "M-6 0L0-6L6 0L0 6Z" }, group);
      drawn("path", { class: name, d: "M5 0H15" }, group);
    }
    if (number) numbers.push({ number, x: left + 7, y: top - 7 });
  }

  /** Say in words what the picture shows, for those who do not see it and for tests. */
  tell() {
    Object.assign(this.root.dataset, {
      scale: this.scale.toFixed(4),
      center: this.center.map((value) => value.toFixed(1)).join(" "),
      rotation: this.rotation,
      inverted: this.isInverted ? "yes" : "no",
      marks: this.marks.length,
      minutiae: this.minutiae.length,
    });
    this.root.querySelector(".pane-angle").textContent = `${this.rotation}°`;
    const words = [
      this.name, this.finger, this.picture ? `zoom ${Math.round(this.scale * 100)} %` : this.message.textContent,
      this.rotation ? `turned by ${this.rotation} degrees` : "", this.isInverted ? "inverted" : "",
      this.marks.length ? `${this.marks.length} own marks` : "",
      this.minutiae.length ? `${this.minutiae.length} minutiae shown` : "",
    ].filter(Boolean).join(", ");
    if (this.canvas.getAttribute("aria-label") !== words) this.canvas.setAttribute("aria-label", words);
  }
}

/** Return width and height of the upright box around a turned one. */
function turnedBox([width, height], degrees) {
  const angle = (degrees * Math.PI) / 180;
  const [c, s] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  return [width * c + height * s, width * s + height * c];
}

/** Gets pictures and pairings; keeps a few. */
class Source {
  constructor(address) {
    this.address = address;
    this.kept = new Map();
  }

  picture(side, finger) {
    return this.once(`${side}/${finger}.png`, async (answer) => createImageBitmap(await answer.blob()));
  }

  pairing(candidate, finger) {
    return this.once(`${candidate}/${finger}/pairing.json`, (answer) => answer.json());
  }

  once(path, read) {
    if (!this.kept.has(path)) {
      const found = this.fetched(path).then(read);
      found.catch(() => this.kept.delete(path));
      this.kept.set(path, found);
      if (this.kept.size > KEPT_PICTURES) this.kept.delete(this.kept.keys().next().value);
    }
    return this.kept.get(path);
  }

  async fetched(path) {
    const answer = await fetch(`${this.address}/${path}`, { credentials: "same-origin" });
    if (answer.ok) return answer;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    throw new Error(page.querySelector(".error p")?.textContent.trim() || "The server gave no answer.");
  }
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.isOpen = root.dataset.open === "yes";
    this.source = new Source(root.dataset.prints);
    this.panes = Object.fromEntries(
      [...root.querySelectorAll(".pane")].map((pane) => [pane.dataset.side, new Pane(pane)]),
    );
    this.stage = root.querySelector(".viewer-stage");
    this.lines = root.querySelector(".stage-lines");
    this.status = root.querySelector(".viewer-said");
    this.active = "probe";
    this.isInSight = false;
    this.is = { linked: true, marking: false, overlay: false, lines: false };
    this.allMarks = new Map();
    this.pairs = [];
    this.pointers = new Map();
    this.turnOf = 0;
    this.listen();
  }

  // --- which finger

  strip(candidate = this.candidate) {
    return [...document.querySelectorAll(`.sheet[data-candidate="${candidate}"] .strip > li > a`)];
  }

  choose(candidate, finger) {
    this.candidate = String(candidate);
    for (const link of document.querySelectorAll(".strip > li > a")) link.removeAttribute("aria-current");
    const link = this.strip().find((each) => each.dataset.finger === String(finger)) || this.strip()[0];
    if (!link) return;
    this.link = link;
    this.finger = link.dataset.finger;
    link.setAttribute("aria-current", "true");
    this.root.dataset.finger = this.finger;
    this.root.querySelector("#viewer-finger").textContent = link.dataset.title;
    const select = this.root.querySelector("[data-choose=candidate]");
    if (select) select.value = this.candidate;
    this.load();
  }

  step(by) {
    const strip = this.strip();
    const next = strip[(strip.indexOf(this.link) + by + strip.length) % strip.length];
    this.choose(this.candidate, next.dataset.finger);
    this.say(`${next.dataset.title}.`);
  }

  async load() {
    const turn = ++this.turnOf;
    this.pairs = [];
    this.root.dataset.ready = "no";
    const loading = SIDES.map(async (side) => {
      const pane = this.panes[side];
      pane.finger = this.link.dataset.title.toLowerCase();
      pane.minutiae = [];
      pane.marks = this.marksOf(side);
      const ppi = Number(this.link.dataset[side]);
      if (!ppi) return () => pane.say("No image on file for this finger.");
      try {
        const picture = await this.source.picture(side === "probe" ? side : this.candidate, this.finger);
        return () => pane.show(picture, ppi);
      } catch (problem) {
        return () => pane.say(problem.message);
      }
    });
    const shown = await Promise.all(loading);
    if (turn !== this.turnOf) return;
    for (const show of shown) show();
    this.fit();
    this.noteSeen();
    this.root.dataset.ready = "yes";
    if (this.is.overlay) await this.loadPairing(turn);
  }

  /** Note for the form that both pictures of this finger stood where somebody could see them. */
  noteSeen() {
    const field = document.querySelector(`.fingers .finger[data-finger="${this.finger}"]`);
    if (field && this.isInSight && SIDES.every((side) => this.panes[side].picture)) field.dataset.seen = "yes";
  }

  marksOf(side) {
    const key = `${side === "probe" ? "" : this.candidate}/${side}/${this.finger}`;
    if (!this.allMarks.has(key)) this.allMarks.set(key, []);
    return this.allMarks.get(key);
  }

  async loadPairing(turn) {
    this.say("The minutiae are being compared …");
    try {
      const pairing = await this.source.pairing(this.candidate, this.finger);
      if (turn !== this.turnOf || !this.is.overlay) return;
      this.pairs = pairing.pairs;
      SIDES.forEach((side, place) => {
        const numbers = new Map(pairing.pairs.map((pair, index) => [pair[place], index + 1]));
        this.panes[side].minutiae = pairing[side].minutiae.map((m, index) => ({ ...m, number: numbers.get(index) || 0 }));
      });
      this.explain(pairing);
      this.say(`${pairing.pairs.length} pairs of minutiae, likeness ${pairing.score}.`);
    } catch (problem) {
      if (turn === this.turnOf) this.say(problem.message);
    }
    this.redraw();
  }

  explain(pairing) {
    const legend = this.root.querySelector(".legend");
    legend.hidden = false;
    legend.querySelector(".why-score").textContent = `${pairing.score} points for the ${this.link.dataset.title.toLowerCase()}`;
    const rows = pairing.rows.map((row) => {
      const line = document.createElement("tr");
      [["th", row.words], ["td", row.measured], ["td", row.points]].forEach(([tag, text]) => {
        const cell = document.createElement(tag);
        if (tag === "th") cell.scope = "row";
        cell.textContent = text;
        line.append(cell);
      });
      return line;
    });
    legend.querySelector("tbody").replaceChildren(...rows);
  }

  // --- what can be done

  sides(side = this.active) {
    return this.is.linked ? SIDES : [side];
  }

  fit() {
    const scale = Math.min(...SIDES.map((side) => this.panes[side].fitting()));
    for (const side of SIDES) this.panes[side].fit(Number.isFinite(scale) ? scale : 1);
    this.redraw();
  }

  move(by, side) {
    for (const each of this.sides(side)) this.panes[each].move(by);
    this.redraw();
  }

  zoom(factor, side, point = [0, 0]) {
    const sides = this.sides(side);
    const scales = sides.map((each) => this.panes[each].scale);
    // Both stop at the same moment, or linked sides would lose their common scale.
    const possible = clamp(factor, FARTHEST / Math.min(...scales), CLOSEST / Math.max(...scales));
    for (const each of sides) this.panes[each].zoom(possible, point);
    this.redraw();
    this.say(`Zoom ${Math.round(this.panes[side || this.active].scale * 100)} %${this.is.linked ? ", both sides" : ""}.`);
  }

  turn(degrees, side) {
    this.panes[side].turn(degrees);
    this.redraw();
    this.say(`${this.panes[side].name} turned by ${this.panes[side].rotation} degrees.`);
  }

  invert(side) {
    const pane = this.panes[side];
    pane.isInverted = !pane.isInverted;
    this.redraw();
    this.say(`${pane.name} ${pane.isInverted ? "inverted" : "as taken"}.`);
  }

  tone(name, value, side) {
    this.panes[side][name] = clamp(value, ...TONES[name]);
    this.redraw();
    this.say(`${this.panes[side].name}: ${name} ${this.panes[side][name]} %.`);
  }

  toggle(name, word) {
    this.is[name] = !this.is[name];
    this.redraw();
    this.say(`${word} ${this.is[name] ? "on" : "off"}.`);
  }

  overlay() {
    this.toggle("overlay", "Minutiae and pairs");
    // The first comparison after a start of the server takes a second or two.
    if (this.is.overlay) this.loadPairing(this.turnOf);
    else {
      this.pairs = [];
      for (const side of SIDES) this.panes[side].minutiae = [];
      this.root.querySelector(".legend").hidden = true;
      this.redraw();
    }
  }

  mark(side, place) {
    const pane = this.panes[side];
    if (!pane.picture) return;
    pane.marks.push(pane.toPicture(place || pane.frame.map((length) => length / 2)));
    this.redraw();
    this.say(`${pane.name}: mark ${pane.marks.length} placed.`);
  }

  unmark(side) {
    const pane = this.panes[side];
    if (!pane.marks.length) return;
    pane.marks.pop();
    this.redraw();
    this.say(`${pane.name}: ${pane.marks.length} marks left.`);
  }

  reset() {
    for (const side of SIDES) this.panes[side].plain();
    this.is.linked = true;
    this.fit();
    this.say("All as at the beginning.");
  }

  do(action, side = this.active) {
    const actions = {
      previous: () => this.step(-1),
      next: () => this.step(1),
      "zoom-in": () => this.zoom(STEP),
      "zoom-out": () => this.zoom(1 / STEP),
      fit: () => this.fit(),
      link: () => this.toggle("linked", "Link between both sides"),
      reset: () => this.reset(),
      mark: () => this.toggle("marking", "Placing marks with the pointer"),
      unmark: () => this.unmark(side),
      overlay: () => this.isOpen && this.overlay(),
      lines: () => this.isOpen && this.toggle("lines", "Lines between pairs"),
      "turn-left-90": () => this.turn(-90, side),
      "turn-left": () => this.turn(-1, side),
      "turn-right": () => this.turn(1, side),
      "turn-right-90": () => this.turn(90, side),
      invert: () => this.invert(side),
    };
    actions[action]?.();
  }

  /** Return what a key means, or undefined. */
  meaning(event) {
    const { key, shiftKey } = event;
    const pane = this.panes[this.active];
    const far = shiftKey ? NUDGE_FAR : NUDGE;
    const moves = { ArrowLeft: [far, 0], ArrowRight: [-far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] };
    if (moves[key]) return () => this.move(moves[key]);
    const degrees = { "[": -1, "]": 1, "{": -90, "}": 90 }[key];
    if (degrees) return () => this.turn(degrees, this.active);
    if (/^\d$/.test(key)) return () => this.choose(this.candidate, key === "0" ? "10" : key);
    const less = shiftKey ? -10 : 10;
    const tones = { b: "brightness", c: "contrast" }[key.toLowerCase()];
    if (tones) return () => this.tone(tones, pane[tones] + less, this.active);
    if (key === "?") return () => this.help();
    if (key === "m") return () => this.mark(this.active);
    const action = {
      "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", f: "fit", l: "link", r: "reset", i: "invert", n: "next",
      p: "previous", o: "overlay", s: "lines", Backspace: "unmark",
    }[key.length === 1 ? key.toLowerCase() : key];
    return action && (() => this.do(action));
  }

  help() {
    const keys = this.root.querySelector(".keys");
    keys.open = !keys.open;
    this.say(keys.open ? "The keys are listed above the viewer." : "The list of keys is hidden.");
  }

  // --- listening

  listen() {
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-do]");
      if (button) this.do(button.dataset.do, button.dataset.on);
    });
    this.root.addEventListener("input", (event) => {
      const { tone, on } = event.target.dataset;
      if (tone) this.tone(tone, Number(event.target.value), on);
    });
    this.root.addEventListener("change", (event) => {
      if (event.target.dataset.choose) this.choose(event.target.value, this.finger);
    });
    this.root.addEventListener("focusin", (event) => {
      const pane = event.target.closest(".pane");
      if (pane) this.active = pane.dataset.side;
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, summary")) return;
      const doing = this.meaning(event);
      if (!doing) return;
      event.preventDefault();
      doing();
    });
    document.addEventListener("click", (event) => this.clicked(event));
    for (const side of SIDES) this.listenTo(side);
    new ResizeObserver(() => this.redraw()).observe(this.stage);
    new IntersectionObserver((changes) => {
      this.isInSight = changes.at(-1).isIntersecting;
      this.noteSeen();
    }, { threshold: IN_SIGHT }).observe(this.stage);
  }

  clicked(event) {
    const link = event.target.closest(".strip > li > a[data-finger]");
    const look = event.target.closest("button[data-look]");
    if (!link && !look) return;
    event.preventDefault();
    if (link) this.choose(link.closest(".sheet").dataset.candidate, link.dataset.finger);
    else this.choose(this.candidate, look.dataset.look);
    this.root.scrollIntoView({ block: "start" });
    this.panes[this.active].view.focus({ preventScroll: true });
  }

  listenTo(side) {
    const { view } = this.panes[side];
    const place = (event) => {
      const box = view.getBoundingClientRect();
      return [event.clientX - box.left - view.clientLeft, event.clientY - box.top - view.clientTop];
    };
    const fromMiddle = ([x, y]) => [x - view.clientWidth / 2, y - view.clientHeight / 2];
    view.addEventListener("pointerdown", (event) => {
      view.focus({ preventScroll: true });
      if (this.is.marking && event.isPrimary) {
        this.mark(side, place(event));
        return;
      }
      view.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, place(event));
    });
    view.addEventListener("pointermove", (event) => {
      this.panes[other(side)].twin = this.is.linked ? place(event) : null;
      if (this.pointers.has(event.pointerId)) this.dragged(event.pointerId, place(event), side, fromMiddle);
      else this.redraw();
    });
    view.addEventListener("pointerleave", () => {
      this.panes[other(side)].twin = null;
      this.redraw();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      view.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    view.addEventListener("wheel", (event) => {
      // Only over a frame that somebody works in: else the page could not be scrolled past it.
      if (!this.stage.contains(document.activeElement) && !event.ctrlKey) return;
      event.preventDefault();
      this.zoom(Math.exp(-clamp(event.deltaY, -200, 200) / 400), side, fromMiddle(place(event)));
    }, { passive: false });
  }

  dragged(id, now, side, fromMiddle) {
    const before = this.pointers.get(id);
    const second = [...this.pointers].find(([each]) => each !== id)?.[1];
    this.pointers.set(id, now);
    if (!second) {
      this.move([now[0] - before[0], now[1] - before[1]], side);
      return;
    }
    const spread = (point) => Math.max(10, Math.hypot(point[0] - second[0], point[1] - second[1]));
    const middle = [(now[0] + second[0]) / 2, (now[1] + second[1]) / 2];
    this.zoom(spread(now) / spread(before), side, fromMiddle(middle));
  }

  // --- showing

  say(sentence) {
    this.status.textContent = sentence;
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      for (const side of SIDES) this.panes[side].draw();
      this.drawLines();
      this.tell();
    });
  }

  drawLines() {
    this.lines.replaceChildren();
    if (!this.is.lines || !this.is.overlay) return;
    const stage = this.stage.getBoundingClientRect();
    for (const pair of this.pairs) {
      const ends = SIDES.map((side, place) => this.inStage(this.panes[side], pair[place], stage));
      if (ends.every(Boolean)) {
        const [[x1, y1], [x2, y2]] = ends;
        drawn("line", { class: "pair-line", x1, y1, x2, y2 }, this.lines);
      }
    }
  }

  inStage(pane, index, stage) {
    const minutia = pane.minutiae[index];
    if (!minutia) return null;
    const [x, y] = pane.toPane([minutia.x, minutia.y]);
    if (x < 0 || y < 0 || x > pane.frame[0] || y > pane.frame[1]) return null;
    const box = pane.view.getBoundingClientRect();
    return [box.left - stage.left + x, box.top - stage.top + y];
  }

  tell() {
    const pressed = { link: this.is.linked, mark: this.is.marking, overlay: this.is.overlay, lines: this.is.lines };
    for (const [name, is] of Object.entries(pressed)) {
      this.root.querySelector(`[data-do="${name}"]`)?.setAttribute("aria-pressed", is);
    }
    for (const side of SIDES) {
      const pane = this.panes[side];
      pane.view.classList.toggle("marking", this.is.marking);
      this.root.querySelector(`[data-do=invert][data-on=${side}]`).setAttribute("aria-pressed", pane.isInverted);
      for (const tone of Object.keys(TONES)) {
        this.root.querySelector(`[data-tone=${tone}][data-on=${side}]`).value = pane[tone];
      }
    }
  }
}

// One press answers for several fingers, never for one that is answered. A finding is made only of fingers whose
// pictures were seen in the viewer; that the others were not compared may be said of all.
function answerTheRest(event) {
  const { rest, onlySeen } = event.currentTarget.dataset;
  let answered = 0;
  for (const finger of document.querySelectorAll(".fingers .finger")) {
    if (finger.querySelector("input:checked") || (onlySeen && !finger.dataset.seen)) continue;
    const choice = finger.querySelector(`input[value="${rest}"]`);
    if (!choice) continue;
    choice.checked = true;
    answered += 1;
  }
  const said = document.querySelector(".rest-said");
  if (said) said.textContent = `${answered} ${answered === 1 ? "finger" : "fingers"} answered by this press.`;
}

/** Make a row of buttons or links one stop of the Tab key; left, right, Home and End go from one to the next. */
function oneStop(items) {
  const stop = (chosen) => items.forEach((item) => { item.tabIndex = item === chosen ? 0 : -1; });
  stop(items.find((item) => item.getAttribute("aria-current") === "true") || items[0]);
  for (const item of items) {
    item.addEventListener("focus", () => stop(item));
    item.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const at = items.indexOf(item);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: items.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      items[(to + items.length) % items.length].focus();
    });
  }
}

const root = document.querySelector("#viewer");
const first = document.querySelector(".strip > li > a[data-finger]");
if (root && first) {
  root.hidden = false;
  for (const button of document.querySelectorAll("button[data-look]")) button.hidden = false;
  for (const group of document.querySelectorAll(".rest")) group.hidden = false;
  for (const button of document.querySelectorAll("button[data-rest]")) button.addEventListener("click", answerTheRest);
  for (const row of root.querySelectorAll('[role="toolbar"]')) oneStop([...row.querySelectorAll("button")]);
  for (const strip of document.querySelectorAll(".strip")) oneStop([...strip.querySelectorAll("a[data-finger]")]);
  new Viewer(root).choose(first.closest(".sheet").dataset.candidate, first.dataset.finger);
}
