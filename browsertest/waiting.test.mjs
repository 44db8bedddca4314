// What the waiting screen lives through while the phone is being looked for: no
// websocket and no events on the way, a page that is loaded again, left and come
// back to, opened twice, or asleep. SERVER is the server's address, KEY an API key
// of an application that browsers return from to http://localhost:9/signed-in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { heading, open, withBrowser } from "./browser.mjs";
import { ask, everything, key, server } from "./people.mjs";

const back = "http://localhost:9/signed-in";
const asking = "Open Countersign on your phone";

// approve has the phone of somebody approve what is asked of it.
async function approve(phone, number) {
  const [request] = await phone.asked();
  assert.equal((await phone.answer(request, "approve", number)).status, 200);
}

// waiting opens a sign-in of somebody whose phone nothing wakes. Where the browser
// returns to there is a page of the test's.
async function waiting(browser, user, { prepare, returns = false } = {}) {
  const { phone } = await everything(user);
  const asked = await ask(user, returns ? { return_url: back } : {});
  const page = await open(browser);
  await page.context().route("http://localhost:9/**", (route) => route.fulfill({ contentType: "text/html", body: "<title>shop</title><h1>The shop</h1>" }));
  await prepare?.(page);
  await page.goto("http://localhost:9/sign-in");
  await page.goto(asked.waiting_url);
  await heading(page, asking);
  return { page, phone, asked, user };
}

async function done(page) {
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

const seconds = (page) => page.locator("#left").textContent().then((text) => parseInt(text, 10));

test("the waiting screen", { skip: server && key ? false : "SERVER or KEY is not set" }, async (t) => {
  await withBrowser(async (browser) => {
    // Both are refused as a proxy refuses that knows neither.
    const noSockets = (page) => page.routeWebSocket(/\/stream$/, (socket) => socket.close({ code: 1011, reason: "" }));
    const noEvents = (page) => page.route(/\/stream/, (route) => (route.request().headers().accept === "text/event-stream"
      ? route.fulfill({ status: 502, contentType: "text/html", body: "<h1>Bad gateway</h1>" }) : route.continue()));

    await t.test("where no websocket passes, events bring the answer", async () => {
      const { page, phone, asked } = await waiting(browser, "events@example.com", { prepare: noSockets });
      const events = page.asked.filter((url) => url.endsWith("/stream"));
      assert.equal(events.length, 1, "it asks again and again");
      await approve(phone, asked.number);
      await heading(page, "You’re in");
      await done(page);
    });

    await t.test("where nothing is streamed, asking again and again brings it", async () => {
      const { page, phone, asked } = await waiting(browser, "polls@example.com", {
        prepare: async (page) => {
          await noSockets(page);
          await noEvents(page);
        },
      });
      await approve(phone, asked.number);
      await heading(page, "You’re in");
      assert.ok(page.asked.some((url) => /\/stream\?wait=25s&version=\d+$/.test(url)), "it came by something else");
      await done(page);
    });

    await t.test("loaded again, left and come back to, it is as it was, and the time has gone on", async () => {
      const { page, phone, asked } = await waiting(browser, "reload@example.com", { returns: true });
      await page.reload();
      await heading(page, asking);
      assert.equal(await page.locator("#number").textContent(), asked.number);
      assert.ok(await seconds(page) <= 60);
      await page.goBack();
      await heading(page, "The shop");
      await page.goForward();
      await heading(page, asking);
      assert.equal(page.url().includes("#"), false, "the secret is in the address");
      await page.goto("http://localhost:9/elsewhere");
      await page.goBack();
      await heading(page, asking);
      await approve(phone, asked.number);
      await page.waitForURL(`${back}?**`);
      // The way back does not lead through a sign-in that is over.
      await page.goBack();
      await heading(page, "The shop");
      await done(page);
    });

    await t.test("dropped while its person looks for a code, it takes the code", async () => {
      const { page } = await waiting(browser, "dropped@example.com");
      await page.getByRole("button", { name: "Use a code" }).click();
      await page.reload();
      await heading(page, asking);
      assert.equal(await page.locator("#typed").isVisible(), true);
      await page.getByRole("button", { name: "I don’t have my phone" }).click();
      await heading(page, "Sign in without your phone");
      await page.reload();
      await heading(page, "Sign in without your phone");
      await page.getByText("Phone lost or broken?").waitFor();
      assert.equal(await page.locator("#typed").isVisible(), true);
      await done(page);
    });

    await t.test("in two tabs it says the same, and one answer ends both", async () => {
      const { page, phone, asked } = await waiting(browser, "tabs@example.com");
      const opening = page.context().waitForEvent("page");
      await page.evaluate(() => { globalThis.open(location.href); });
      const second = await opening;
      await heading(second, asking);
      assert.equal(await second.locator("#number").textContent(), asked.number);
      await approve(phone, asked.number);
      await heading(page, "You’re in");
      await heading(second, "You’re in");
      await done(page);
    });

    await t.test("a newer sign-in takes its place, and it says so", async () => {
      const { page, user } = await waiting(browser, "newer@example.com", { returns: true });
      const second = await page.context().newPage();
      await second.goto((await ask(user, { return_url: back })).waiting_url);
      await heading(second, asking);
      await heading(page, "You started again elsewhere");
      await page.getByRole("button", { name: "Start here instead" }).click();
      await page.waitForURL(`${back}?**`);
      await done(page);
    });

    await t.test("asleep while the phone answers, it knows on waking", async () => {
      const { page, phone, asked } = await waiting(browser, "asleep@example.com");
      const lifecycle = await page.context().newCDPSession(page);
      await lifecycle.send("Page.setWebLifecycleState", { state: "frozen" });
      await approve(phone, asked.number);
      await lifecycle.send("Page.setWebLifecycleState", { state: "active" });
      await heading(page, "You’re in");
      await done(page);
    });
  });
});
