// Every state of the waiting screen in a real browser, by the table that the
// page's own tests are held to: what it says, what may be done, that WCAG finds
// no barrier, and that it fits the narrowest phone, in the dark and from right to
// left. The server's stream is played here, so that each state is there at will;
// the other browser tests come by the real one. SERVER is the server's address.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { barriers, withBrowser } from "./browser.mjs";

const { SERVER: server, SHOTS: shots } = process.env;
const table = JSON.parse(readFileSync(new URL("../web/testdata/waiting-states.json", import.meta.url), "utf8"));
const id = "A".repeat(30);
const patience = 15_000;

// frame is a state as the stream sends it. What counts down has most of a minute
// left, so that nothing ends while it is looked at.
function frame(change, version, now) {
  return { ...table.asking, server_time: now, expires_at: new Date(Date.parse(now) + 50_000).toISOString(), ...change, id, version };
}

// play opens the screen with the stream in the test's hands: send(state) is heard
// by the page.
async function play(context, { lost }) {
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  let gone = false;
  let first;
  const opened = new Promise((resolve) => { first = resolve; });
  await page.routeWebSocket(/\/stream$/, (socket) => {
    if (gone) socket.close({ code: 1011, reason: "" });
    else first(socket);
  });
  await page.route(/\/v1\/approvals\//, (route) => (gone
    ? route.fulfill({ status: 404, contentType: "application/problem+json", body: JSON.stringify({ type: `urn:countersign:problem:${lost}` }) })
    : route.fulfill({ status: 429, contentType: "application/problem+json", body: JSON.stringify({ type: "urn:countersign:problem:too-many-pushes" }) })));
  // An answer without content leaves the browser where it is.
  await page.route("https://books.example.com/**", (route) => route.fulfill({ status: 204 }));
  await page.clock.install();
  await page.goto(`${server}/`); // the page before it, to go back to
  await page.goto(`${server}/waiting/${id}#${"t".repeat(43)}`);
  const socket = await opened;
  return {
    page,
    send: (state) => socket.send(JSON.stringify(state)),
    leave: async () => { gone = true; await socket.close({ code: 1011, reason: "" }); },
  };
}

// reach brings a screen to where a row of the table has it, the way it would come
// there: first asking, then time, then what the person did, then the state.
async function reach(stage, { state, circumstances }) {
  const now = await stage.page.evaluate(() => new Date().toISOString());
  // Whoever comes after the end knows nothing of what was before.
  if (state.state && Object.keys(circumstances).length === 0) return stage.send(frame({ ...state, number_attempts_left: 0 }, 1, now));
  const tries = circumstances.tries ?? state.number_attempts_left ?? table.asking.number_attempts_left;
  stage.send(frame({ number_attempts_left: tries, resends_left: state.resends_left ?? table.asking.resends_left }, 1, now));
  await stage.page.locator('#screen:not([data-kind="loading"])').waitFor();
  if (circumstances.asked) await stage.page.clock.runFor(circumstances.asked * 1000);
  if (circumstances.phoneless) await stage.page.locator("#without-phone").click();
  if (circumstances.heldBack) {
    await stage.page.locator("#resend").click();
    await stage.page.getByText("We’ve sent many requests").first().waitFor();
    await stage.page.clock.runFor(circumstances.asked * 1000);
  }
  if (circumstances.lost && !state.state) await stage.leave();
  else stage.send(frame(state, 2, now));
}

const actions = [...new Set(table.states.flatMap((row) => row.actions))];
const offered = (page, name) => page.getByText(name, { exact: true }).and(page.locator("button:not([aria-disabled=true]), a, a *")).filter({ visible: true });

// says compares what stands on the screen with a row.
async function says(page, row) {
  await page.locator(`#screen[data-kind="${row.kind}"]`).waitFor();
  const text = async (part) => ((await page.locator(part).isVisible()) ? (await page.locator(part).innerText()).trim() : "");
  // The words follow the kind within a turn of the page.
  await page.locator("#headline", { hasText: row.headline }).waitFor();
  assert.deepEqual(
    { headline: await text("#headline"), line: await text("#line"), number: await text("#number"), note: await text("#note") },
    { headline: row.headline, line: row.line, number: row.number, note: row.note },
  );
  for (const name of row.actions) await offered(page, name).waitFor();
  for (const name of actions.filter((other) => !row.actions.includes(other))) {
    assert.equal(await offered(page, name).count(), 0, `it offers “${name}”`);
  }
}

// looks checks that nobody is kept out, wide and in the light, then narrow, in
// the dark and from right to left.
async function looks(page, name) {
  assert.deepEqual(await barriers(page), []);
  await page.setViewportSize({ width: 320, height: 640 });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.evaluate(() => { document.documentElement.dir = "rtl"; });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${wide} px too wide`);
  assert.deepEqual(await barriers(page), []);
  if (shots) await page.screenshot({ path: join(shots, `state-${name.replace(/[^a-z0-9]+/gi, "-")}.png`), fullPage: true });
}

test("every state of the waiting screen in a browser", { skip: server ? false : "SERVER is not set" }, async (t) => {
  assert.ok(table.states.length > 0, "the table is empty");
  await withBrowser(async (browser) => {
    for (const row of table.states) {
      await t.test(row.name, async () => {
        const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce" });
        const stage = await play(context, row.circumstances);
        await reach(stage, row);
        await says(stage.page, row);
        await looks(stage.page, row.name);
        assert.deepEqual(stage.page.errors, []);
        await context.close();
      });
    }
  });
});
