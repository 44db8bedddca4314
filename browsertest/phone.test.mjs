// The phone page as a person meets it: opened by a pairing link, woken by push,
// asked, answering. The application and the computer's browser are played here,
// over the protocol. SERVER is the server's address, KEY an application's API
// key; SHOTS, if set, a folder for pictures.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { barriers, withBrowser } from "./browser.mjs";

const { SERVER: server, KEY: key, SHOTS: shots } = process.env;
const patience = 20_000;
const small = { width: 320, height: 568 };

// call asks the server with a bearer secret.
async function call(method, path, bearer, body) {
  const answer = await fetch(server + path, {
    method, headers: { Authorization: `Bearer ${bearer}`, ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36";
const context = { ip: "203.0.113.9", location: "Wellington, NZ", user_agent: chrome };

const ask = (user, ttl = 60) => call("POST", "/v1/approvals", key, { user, ttl, context });
const settled = (id) => call("GET", `/v1/approvals/${id}?wait=25s`, key);

// setUp opens a set-up as the application would, and reads it as the computer's
// browser would.
async function setUp(user) {
  const { id, set_up_token: token } = await call("POST", "/v1/pairings", key, { user });
  const read = () => call("GET", `/v1/pairings/${id}`, token);
  return {
    read, link: (await read()).pair_url,
    confirm: (match) => call("POST", `/v1/pairings/${id}/confirm`, token, { match }),
  };
}

// handset is a phone of its own: a browser context with storage of its own.
async function handset(browser, options = {}) {
  const context = await browser.newContext({ viewport: small, reducedMotion: "reduce", hasTouch: true, isMobile: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    // Refusals that a test provokes, and being offline, are in the console too.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) page.errors.push(message.text());
  });
  return page;
}

const heading = (page, name) => page.getByRole("heading", { name, level: 1 });
const tap = (page, name) => page.getByRole("button", { name }).click();

async function toDigits(page, link, name = "Ana’s phone") {
  await page.goto(link);
  await page.getByLabel("Name of this phone").fill(name);
  await tap(page, "Continue");
  const later = page.getByRole("button", { name: "Not now" });
  await later.or(heading(page, "Same on your computer?")).first().waitFor();
  if (await later.isVisible()) await later.click();
  await heading(page, "Same on your computer?").waitFor();
}

async function paired(page, user) {
  const s = await setUp(user);
  await toDigits(page, s.link);
  assert.equal((await page.locator("#digits-six").textContent()).replace(" ", ""), (await s.read()).digits);
  await s.confirm(true);
  await heading(page, "Ready").waitFor();
  await tap(page, "Show my codes");
  await heading(page, "No requests right now").waitFor();
}

async function asked(page, user, ttl) {
  const approval = await ask(user, ttl);
  await heading(page, "Are you signing in to Northwind Books?").waitFor();
  return approval;
}

// look takes a picture, and holds what every screen must: no barrier, nothing
// wider than the phone, and nothing to scroll for where that is asked.
async function look(page, name, { scroll = false } = {}) {
  await page.waitForTimeout(50); // a frame, so that pictures show what is drawn
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
  assert.deepEqual(await barriers(page), [], name);
  const over = await page.evaluate(() => ({
    x: document.documentElement.scrollWidth - innerWidth, y: document.documentElement.scrollHeight - innerHeight,
  }));
  assert.ok(over.x <= 0, `${name} is ${over.x} px too wide`);
  if (!scroll) assert.ok(over.y <= 0, `${name} is ${over.y} px too high`);
}

// deliver hands a push to the page's worker, as the browser's push service would.
async function deliver(page, data) {
  const devtools = await page.context().newCDPSession(page);
  const registration = new Promise((resolve) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const found = registrations.find((r) => r.scopeURL === `${server}/phone`);
      if (found) resolve(found.registrationId);
    });
  });
  await devtools.send("ServiceWorker.enable");
  await devtools.send("ServiceWorker.deliverPushMessage", { origin: server, registrationId: await registration, data });
  await devtools.detach();
}

const notifications = (page) => page.evaluate(async () => {
  const registration = await navigator.serviceWorker.getRegistration("/phone");
  return (await registration.getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, data }));
});

const worker = (page) => page.evaluate(async () => {
  await navigator.serviceWorker.ready;
  return true;
});

test("the phone page", { skip: server && key ? false : "SERVER and KEY are not set" }, async (t) => {
  await withBrowser(async (browser) => {
    const story = (name, run) => t.test(name, run);

    await story("a pairing link becomes a phone: named, compared, ready", async () => {
      const page = await handset(browser);
      const s = await setUp("pia@example.com");
      await page.goto(s.link);
      await heading(page, "What do you call this phone?").waitFor();
      assert.equal(page.url(), `${server}/phone`, "the ticket stays in the address");
      await look(page, "pair-1-name");
      await page.getByLabel("Name of this phone").fill("Pia’s Pixel");
      await tap(page, "Continue");
      await heading(page, "Want to be told when you sign in?").waitFor();
      await look(page, "pair-2-notify");
      await tap(page, "Not now");
      await heading(page, "Same on your computer?").waitFor();
      const browserSide = await s.read();
      assert.equal(await page.locator("#digits-six").textContent(), `${browserSide.digits.slice(0, 3)} ${browserSide.digits.slice(3)}`);
      assert.deepEqual(browserSide.phone, { name: "Pia’s Pixel", platform: "web" });
      await look(page, "pair-3-digits");
      await s.confirm(true);
      await heading(page, "Ready").waitFor();
      await page.getByText("open this page: the request will be here").waitFor();
      await look(page, "pair-4-ready");
      await tap(page, "Show my codes");
      await heading(page, "No requests right now").waitFor();
      await page.locator(".code .digits", { hasText: /^\d{3} \d{3}$/ }).waitFor();
      await look(page, "home");
      assert.deepEqual(page.errors, []);
      await page.context().close();
    });

    await story("the number from the screen approves", async () => {
      const page = await handset(browser);
      await paired(page, "ann@example.com");
      const approval = await asked(page, "ann@example.com");
      for (const text of ["as ann@example.com", "Chrome on Windows", "near Wellington, NZ", "203.0.113.9"]) {
        await page.getByText(text).waitFor();
      }
      assert.equal(await page.evaluate(() => document.activeElement.id), "request-number");
      await look(page, "request");
      await page.getByLabel("Number on the screen").fill(approval.number);
      await tap(page, "Approve");
      await heading(page, "Approved").waitFor();
      await look(page, "approved");
      const after = await settled(approval.id);
      assert.deepEqual([after.state, after.method, after.settled_by], ["approved", "push", "Ana’s phone"]);
      assert.ok(after.phones[0].seen);
      assert.deepEqual(page.errors, []);
      await page.context().close();
    });
  });
});
