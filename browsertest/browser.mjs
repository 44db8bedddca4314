// Starts a real Chromium for one test and ends it in every case. The browser
// gets a home of its own in a temporary folder, and reaches this machine alone.
import { accessSync, constants, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const flags = [
  // Tests also run as root, where Chromium's sandbox refuses to. All pages are
  // our own.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--no-first-run",
  // No name but these resolves: a page that reaches outside fails its test.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
];

// findChromium returns the program's path: CHROMIUM if set, else the first of
// the usual places.
export function findChromium(env = process.env) {
  const candidates = env.CHROMIUM ? [env.CHROMIUM] : places;
  const found = candidates.find(isProgram);
  if (!found) {
    throw new Error(`no Chromium at ${candidates.join(", ")}; install it (Debian: apt-get install chromium) or set CHROMIUM to its path`);
  }
  return found;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// withBrowser calls use(browser), a playwright Browser, and returns what it
// returns; browser and folder are gone afterwards, whatever use did. Each
// browser.newContext() is a person with cookies of their own.
export async function withBrowser(use) {
  const executablePath = findChromium();
  const home = await mkdtemp(join(tmpdir(), "countersign-browser-"));
  try {
    const browser = await chromium.launch({
      executablePath,
      headless: true,
      args: flags,
      // Profile, caches and crash reports all follow these.
      env: { ...process.env, HOME: home, TMPDIR: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
    });
    try {
      return await use(browser);
    } finally {
      await browser.close();
    }
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

// patience is how long a test waits for what has to come, in milliseconds.
export const patience = process.env.SLOW ? 60_000 : 20_000;

// open opens a page for a person with cookies of their own; without a url, an
// empty one. page.errors gathers what its scripts complain of, page.asked the
// addresses that it has asked for.
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  if (process.env.SLOW) await slow(page);
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    // Refusals that a test provokes, and being offline, are in the console too.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) page.errors.push(message.text());
  });
  page.asked = [];
  page.on("request", (request) => page.asked.push(request.url()));
  if (url) await page.goto(url);
  return page;
}

// slow puts a page on a bad line and a weak processor: with SLOW set, what a
// test does not wait for is not there yet.
async function slow(page) {
  const context = page.context();
  const session = await context.newCDPSession(page);
  const line = (offline) =>
    session.send("Network.emulateNetworkConditions", { offline, latency: 150, downloadThroughput: 60_000, uploadThroughput: 60_000 });
  const setOffline = context.setOffline.bind(context);
  context.setOffline = async (offline) => { await setOffline(offline); await line(offline); };
  await line(false);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 3 });
}

// whole waits until all of a page is here: its beginning is shown while the
// rest is under way.
export const whole = (page) => page.waitForLoadState("domcontentloaded");

// heading waits for a page with this headline; press presses a button of it.
export async function heading(page, name) {
  await page.getByRole("heading", { name, level: 1 }).waitFor();
  await whole(page);
}
export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

// exactly waits until there are that many.
export async function exactly(n, locator) {
  await locator.nth(n - 1).waitFor();
  await locator.nth(n).waitFor({ state: "detached" });
}

// linkOf waits for the link of a set-up: it comes after the page.
export const linkOf = (page) => page.locator('#link[href*="#"]').getAttribute("href");

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// barriers returns what WCAG 2.2 A and AA find wrong with a page as it stands,
// a line each. It comes in through the debugger, so the page's
// Content-Security-Policy stays as it is.
export async function barriers(page) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }),
  );
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${v.help}: ${n.html}`));
}
