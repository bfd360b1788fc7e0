// Language, theme, charts and tips. Text gets into the page through textContent alone.
"use strict";
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const tip = document.getElementById("tip");
  const chosen = {
    language: kept("language", ["en", "zh"]) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en"),
    theme: kept("theme", ["light", "dark"]) ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
  };
  const listeners = [];
  const views = new Map();
  let drawing = 0;
  let tipped;
  let drawn = Promise.resolve();

  // A browser may forbid a page from disk to keep anything.
  function kept(what, known) {
    try {
      return known.find((value) => value === localStorage.getItem(`cmtmed.${what}`));
    } catch {
      return undefined;
    }
  }

  function keep(what) {
    try {
      for (const [key, value] of Object.entries(what)) localStorage.setItem(`cmtmed.${key}`, value);
    } catch {
      // Then it is forgotten.
    }
  }

  function say(key, values = {}) {
    const words = data.dictionary[chosen.language].words[key];
    return words.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? values[name] : whole));
  }

  function name(kind, raw) {
    const names = data.dictionary[chosen.language].names;
    if (Object.hasOwn(names[kind], raw)) return names[kind][raw];
    const [before, after] = kind === "reason" ? raw.split(/:(.*)/s) : [raw];
    if (chosen.language === "zh" && after !== undefined) {
      if (before === "identifier") return "含标识符：" + name("identifier", after);
      if (before === "overlap") return "与测试集重合：" + after;
    }
    return raw;
  }

  function make(kind, text, className) {
    const element = document.createElement(kind);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  // A tip of the pointer stays where it was told; one of an element, which the keyboard reached, goes with the element.
  function showTip(content, where) {
    tip.replaceChildren(content);
    tip.hidden = false;
    tipped = { where, x: scrollX, y: scrollY };
    placeTip();
  }

  function placeTip() {
    const { where } = tipped;
    const box = where instanceof Element ? where.getBoundingClientRect() : undefined;
    const [x, y] = box ? [box.left, box.bottom] : [where.clientX, where.clientY];
    tip.style.left = "0";
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(x + 12, innerWidth - width - 8))}px`;
    tip.style.top = `${y + 16 + height > innerHeight ? Math.max(8, y - height - 12) : y + 16}px`;
  }

  // The event of a movement that led to the place comes after the tip that the place showed.
  function scrolled() {
    if (tip.hidden) return;
    if (tipped.where instanceof Element) placeTip();
    else if (tipped.x !== scrollX || tipped.y !== scrollY) hideTip();
  }

  function hideTip() {
    tip.hidden = true;
  }

  // What the keyboard reached stays told of wherever the pointer rests.
  function leaveTip() {
    if (!tip.hidden && !(tipped.where instanceof Element)) hideTip();
  }

  function chartTip(handler, event, item, value) {
    if (value === null || value === undefined || value === "") return leaveTip();
    const list = make("dl");
    for (const [key, told] of Object.entries(value)) {
      list.append(make("dt", key), make("dd"));
      list.lastChild.append(make("bdi", String(told)));
    }
    showTip(list, event);
  }

  // One after the other: two that draw into the same place at once would leave both there.
  function draw() {
    const turn = ++drawing;
    delete root.dataset.drawn;
    drawn = drawn.then(() => drawAll(turn));
  }

  async function drawAll(turn) {
    for (const element of document.querySelectorAll("[data-chart]")) {
      if (turn !== drawing) return;
      views.get(element)?.finalize();
      views.delete(element);
      const specification = structuredClone(data.charts[chosen.language][element.dataset.chart]);
      element.setAttribute("aria-label", specification.description);
      try {
        const made = await vegaEmbed(element, specification, {
          mode: "vega-lite", renderer: "svg", ast: true, actions: false, defaultStyle: false, tooltip: chartTip,
          config: data.themes[chosen.theme],
        });
        views.set(element, made);
        element.dataset.theme = chosen.theme;
      } catch {
        element.replaceChildren(make("p", say("not_drawn"), "quiet"));
      }
    }
    if (turn !== drawing) return;
    performance.mark("drawn");
    root.dataset.drawn = `${chosen.language} ${chosen.theme}`;
  }

  function label() {
    root.lang = chosen.language === "zh" ? "zh-Hans" : "en";
    root.dataset.lang = chosen.language;
    root.dataset.theme = chosen.theme;
    document.getElementById("language").textContent = say("language");
    document.getElementById("theme").textContent = say(chosen.theme === "dark" ? "light" : "dark");
    for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
    for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
  }

  function change(what) {
    Object.assign(chosen, what);
    keep(what);
    hideTip();
    label();
    if (what.language) for (const listener of listeners) listener();
    draw();
  }

  document.getElementById("language").addEventListener("click", () => change({ language: chosen.language === "zh" ? "en" : "zh" }));
  document.getElementById("theme").addEventListener("click", () => change({ theme: chosen.theme === "dark" ? "light" : "dark" }));
  // A finger that taps does not move, and tips come with movements. Safari on a phone tells only elements of taps on what
  // is no link or button, not the document.
  for (const element of document.querySelectorAll("[data-chart]")) {
    element.addEventListener("click", (event) => event.target.dispatchEvent(new PointerEvent("pointermove", event)));
  }
  // Paper is white.
  let before;
  addEventListener("beforeprint", () => {
    if (chosen.theme === "light") return;
    before = chosen.theme;
    chosen.theme = "light";
    label();
    draw();
  });
  addEventListener("afterprint", () => {
    if (!before) return;
    chosen.theme = before;
    before = undefined;
    label();
    draw();
  });
  addEventListener("scroll", scrolled, { passive: true });
  addEventListener("keydown", (event) => event.key === "Escape" && hideTip());
  window.cmtmed = { data, say, name, make, showTip, leaveTip, hideTip, onLanguage: (listener) => listeners.push(listener) };
  root.dataset.script = "";
  label();
  addEventListener("DOMContentLoaded", draw);
})();
