"use strict";

/* The page knows where its rater is and shows one pair at a time; which side is which it never knows before the answer. */
const byId = (id) => document.getElementById(id);
const SIDES = ["left", "right"];
const frames = SIDES.map(byId);
const pair = document.querySelector(".pair");
const PAUSE = 600; // empty frames before a pair, to settle the eyes
const EARLY = 4; // a frame of the screen may begin that much before its time
const AGAIN = 1500; // until the server is asked once more
const NAME = "vidcolor-rater";

let place = null; // what the server last said
let answered = null; // side, while feedback is shown
let turn = 0; // counts what is shown, so that what was begun before gives way
let gone = 0; // when the pair had gone, by performance.now()

const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
const nextFrame = () => new Promise(requestAnimationFrame);
const made = (tag, words, className) => {
  const element = document.createElement(tag);
  element.textContent = words;
  if (className) element.className = className;
  return element;
};

/* ---- the server: asked again until it answers; what is told twice counts once ---- */
async function ask(path, values) {
  for (;;) {
    try {
      const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values) };
      const reply = await fetch(path, options);
      const told = await reply.json();
      if (reply.status < 500) return hush({ ok: reply.ok, ...told });
      if (path === "begin") return { ok: false, ...told };
      note(`${told.error} The page goes on by itself once that is mended.`);
    } catch {
      note("The server does not answer. Start it again with the same command: nothing is lost, and the page goes on by itself.");
    }
    await wait(AGAIN);
  }
}

async function picture(token) {
  for (;;) {
    try {
      const reply = await fetch(`pair/${token}`, { cache: "no-store" });
      if (reply.ok) return hush(await decoded(await reply.blob()));
      if (reply.status < 500) return hush(null);
      note(`${(await reply.json()).error} The page goes on by itself once that is mended.`);
    } catch {
      note("The server does not answer. Start it again with the same command: nothing is lost, and the page goes on by itself.");
    }
    await wait(AGAIN);
  }
}

async function decoded(blob) {
  const image = new Image();
  image.src = URL.createObjectURL(blob);
  try { await image.decode(); } finally { URL.revokeObjectURL(image.src); }
  return image;
}

function note(words) { byId("note").textContent = words; byId("note").hidden = false; }
function hush(value) { byId("note").hidden = true; return value; }

/* ---- what is seen ---- */
function show(section) {
  for (const one of document.querySelectorAll("section")) one.hidden = one.id !== section;
  byId("top").hidden = section === "welcome" || section === "end";
  byId("next").hidden = true;
}

function progress() {
  const all = place.rounds.practice + place.rounds.test;
  const done = place.phase === "end" ? all : place.trial;
  byId("where").replaceChildren(made("b", place.round === "practice" ? "Practice" : "Test"),
    ` · pair ${place.number} of ${place.rounds[place.round]} · ${place.rater}`);
  byId("done").style.width = `${100 * done / all}%`;
  const bar = document.querySelector(".track");
  bar.setAttribute("aria-valuemax", all);
  bar.setAttribute("aria-valuenow", done);
}

function frame(words, state) {
  pair.className = `pair ${state}`;
  frames.forEach((one, index) => {
    one.disabled = state !== "asking";
    one.classList.remove("chosen");
    const word = one.querySelector(".word");
    word.replaceChildren(...(words[index] ?? []));
  });
}

function welcome(problem) {
  turn += 1;
  place = null;
  show("welcome");
  byId("problem").textContent = problem ?? "";
  byId("rater").focus();
}

function pairs(number) { return `${number} pair${number === 1 ? "" : "s"}`; }

function seconds() { return place.seconds === 1 ? "a second" : `${place.seconds} seconds`; }

/* Before each round, and after an absence. */
function intro(back) {
  turn += 1;
  const practice = place.round === "practice";
  const words = practice
    ? `${pairs(place.rounds.practice)} to try it, each for ${seconds()}. You are told after each whether you were right; nothing of it is counted.`
    : `${pairs(place.rounds.test)}, each for ${seconds()}. From now on you are not told whether you were right.`;
  byId("intro-title").textContent = back && place.trial > 0 ? `Welcome back, ${place.rater}` : practice ? "First, practice" : "Now the test";
  byId("intro-words").textContent = back && place.number > 1
    ? `You go on with pair ${place.number} of ${place.rounds[place.round]} of the ${place.round}. ${practice ? "You are told after each whether you were right." : "You are not told whether you were right."}`
    : words;
  byId("go").textContent = back && place.number > 1 ? "Go on" : practice ? "Begin practice" : "Begin test";
  progress();
  show("intro");
  byId("go").focus();
}

function end() {
  turn += 1;
  const test = place.rounds.test;
  byId("end-title").textContent = `Thank you, ${place.rater}`;
  byId("end-words").textContent = `All your answers are saved. You took ${place.fooled} of ${test} coloured picture${test === 1 ? "" : "s"} for ${test === 1 ? "a photograph" : "photographs"}.`;
  show("end");
}

/* ---- a pair: shown to the end, or again from the start where the page was hidden meanwhile ---- */
async function look() {
  const mine = ++turn;
  progress();
  show("trial");
  byId("message").textContent = "Look …";
  frame([], "");
  const image = await picture(place.pair);
  if (mine !== turn) return;
  if (!image) { await synchronise(); return; }
  let milliseconds = null;
  while (milliseconds === null) {
    await visible();
    draw(image);
    await wait(PAUSE);
    if (mine !== turn) return;
    milliseconds = document.hidden ? null : await expose(place.seconds * 1000);
    if (mine !== turn) return;
  }
  gone = performance.now();
  question();
  const told = await ask("shown", { rater: place.rater, trial: place.trial, milliseconds: Math.round(milliseconds * 10) / 10 });
  if (mine !== turn) return;
  if (told.ok && told.place.trial === place.trial && told.place.phase === "ask") frame(choices(), "asking");
  else await synchronise();
}

function draw(image) {
  const width = image.naturalWidth / 2, height = image.naturalHeight;
  pair.style.setProperty("--w", width);
  pair.style.setProperty("--h", height);
  frames.forEach((one, index) => {
    const canvas = one.querySelector("canvas");
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(image, -index * width, 0);
  });
}

function clear() {
  pair.classList.remove("shown");
  for (const canvas of document.querySelectorAll("canvas")) canvas.width = canvas.height = 0;
}

/* Milliseconds between the screen frame that showed the pair and the one that hid it; null where the page was hidden. */
async function expose(time) {
  let hidden = false, notice;
  const away = new Promise((resolve) => { notice = () => { if (document.hidden) { hidden = true; clear(); resolve(0); } }; });
  document.addEventListener("visibilitychange", notice);
  try {
    const start = await nextFrame();
    pair.classList.add("shown");
    let now = start;
    while (!hidden && now - start < time - EARLY) now = await Promise.race([nextFrame(), away]);
    clear();
    return hidden ? null : now - start;
  } finally {
    document.removeEventListener("visibilitychange", notice);
  }
}

async function visible() {
  while (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}

function choices() {
  return ["←", "→"].map((arrow) => [Object.assign(made("span", arrow, "arrow"), { ariaHidden: "true" }), made("span", "This one is false")]);
}

function question() {
  byId("message").textContent = "Which one had false colours?";
}

async function choose(side) {
  if (!pair.classList.contains("asking")) return;
  const mine = ++turn;
  const milliseconds = Math.round((performance.now() - gone) * 10) / 10;
  frame(choices(), "");
  byId(side).classList.add("chosen");
  const { rater, trial } = place;
  const told = await ask("answer", { rater, trial, side, milliseconds });
  if (mine !== turn) return;
  if (!told.ok) { await synchronise(); return; }
  const before = place;
  place = told.place;
  if (told.feedback) feedback(side, told.feedback, before);
  else goOn(before);
}

function feedback(side, { right, fake }, before) {
  answered = before;
  frame(SIDES.map((one) => [made("span", one === fake ? "false colours" : "photograph")]), "");
  byId(side).classList.add("chosen");
  byId("message").replaceChildren(made("span", right ? "Right." : "No.", right ? "right-answer" : "wrong-answer"),
    right ? " That one was coloured by a program." : " That one was the photograph.");
  byId("next").hidden = false;
  byId("next").focus();
}

function goOn(before) {
  answered = null;
  if (place.phase === "end") end();
  else if (before && before.round !== place.round) intro(false);
  else look();
}

/* ---- coming and going ---- */
async function begin(rater) {
  const told = await ask("begin", { rater });
  if (!told.ok) { sessionStorage.removeItem(NAME); welcome(told.error); return; }
  place = told.place;
  sessionStorage.setItem(NAME, place.rater);
  if (place.phase === "end") end();
  else if (place.phase === "look") intro(true);
  else waiting();
}

/* The pair was shown before the page was left: it is not shown again. */
function waiting() {
  turn += 1;
  progress();
  show("trial");
  byId("message").textContent = "You have seen this pair. Which one had false colours?";
  gone = performance.now();
  frame(choices(), "asking");
}

async function synchronise() { await begin(place.rater); }

byId("begin").addEventListener("submit", (event) => { event.preventDefault(); begin(byId("rater").value); });
byId("go").addEventListener("click", () => look());
byId("next").addEventListener("click", () => { if (answered) goOn(answered); });
byId("another").addEventListener("click", () => { sessionStorage.removeItem(NAME); byId("rater").value = ""; welcome(); });
frames.forEach((one, index) => one.addEventListener("click", () => choose(SIDES[index])));
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
  const side = { ArrowLeft: "left", ArrowUp: "left", ArrowRight: "right", ArrowDown: "right" }[event.key];
  if (side && pair.classList.contains("asking") && !byId("trial").hidden) { event.preventDefault(); choose(side); }
});

if (sessionStorage.getItem(NAME)) begin(sessionStorage.getItem(NAME));
else welcome();
