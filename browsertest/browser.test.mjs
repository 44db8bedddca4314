import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { barriers, findChromium, withBrowser } from "./browser.mjs";

let server;
let address;
let folder; // where everything temporary goes, so that what stays is seen

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-browsertest-"));
  process.env.TMPDIR = folder;
  server = createServer((request, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.setHeader("Content-Security-Policy", "default-src 'none'");
    const picture = request.url === "/barrier" ? '<img src="data:,">' : "";
    response.end(`<!doctype html><html lang="en"><title>Northwind</title><main><h1>Northwind</h1>${picture}</main>`);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  address = `http://127.0.0.1:${server.address().port}`;
});

after(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

test("a page is opened, and nothing is left behind", async () => {
  let ended;
  const title = await withBrowser(async (browser) => {
    ended = new Promise((resolve) => browser.once("disconnected", resolve));
    const page = await browser.newPage();
    await page.goto(address);
    return page.title();
  });
  await ended;
  assert.equal(title, "Northwind");
  assert.deepEqual(await readdir(folder), []);
});

test("a test that fails ends its browser too", async () => {
  let open;
  const failing = withBrowser(async (browser) => {
    open = browser;
    throw new Error("the test's own");
  });
  await assert.rejects(failing, /the test's own/);
  assert.equal(open.isConnected(), false);
  assert.deepEqual(await readdir(folder), []);
});

test("no other machine is reached", async () => {
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    await assert.rejects(page.goto("http://countersign.example/"), /ERR_NAME_NOT_RESOLVED/);
  });
});

test("a barrier is found under a strict Content-Security-Policy, and none where there is none", async () => {
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    await page.goto(address);
    assert.deepEqual(await barriers(page), []);
    await page.goto(`${address}/barrier`);
    assert.match((await barriers(page)).join("\n"), /^image-alt: /);
  });
});

test("a browser that is not there is said so", () => {
  assert.throws(() => findChromium({ CHROMIUM: "/nowhere/chromium" }), /no Chromium at \/nowhere\/chromium; .*set CHROMIUM/);
});
