// The demonstration as a person meets it: sign in to the shop, see the number,
// answer on the phone beside it. DEMO is the address that the demonstration
// printed; SHOTS, if set, a folder for pictures.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { barriers, withBrowser } from "./browser.mjs";

const demo = process.env.DEMO;
const patience = 20_000;

// enter opens the demonstration and gives its three parties.
async function enter(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    // A frame may not take the focus by itself; the shop tries.
    if (message.type() === "error" && !message.text().startsWith("Blocked autofocusing")) errors.push(message.text());
  });
  await page.goto(demo);
  return { page, errors, shop: page.frameLocator("iframe[name=browser]"), phone: page.frameLocator("iframe[name=phone]") };
}

async function signIn(shop, name = "ana@example.com", password = "sunflower") {
  await shop.getByLabel("Name").fill(name);
  await shop.getByLabel("Password").fill(password);
  await shop.getByRole("button", { name: "Sign in" }).click();
}

// numberOf waits for the number on the waiting screen.
async function numberOf(shop) {
  const number = shop.locator("#number", { hasText: /^\s*[1-9][0-9]\s*$/ });
  await number.waitFor();
  return (await number.textContent()).trim();
}

async function shot(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });
}

test("the demonstration in a browser", { skip: demo ? false : "DEMO is not set" }, async (t) => {
  await withBrowser(async (browser) => {
    await t.test("typing the number and approving signs in at once", async () => {
      const { page, errors, shop, phone } = await enter(browser);
      await signIn(shop);
      const number = await numberOf(shop);
      await phone.getByRole("heading", { name: "Are you signing in to Northwind Books?" }).waitFor();
      await shop.locator("#line", { hasText: "Opened on" }).waitFor();
      const logo = shop.locator("#logo");
      await logo.waitFor();
      const { width, height } = await logo.boundingBox();
      assert.deepEqual([width, height, await logo.evaluate((i) => i.decode().then(() => i.naturalWidth))], [32, 32, 160]);
      await shot(page, "asking");
      await phone.getByLabel("Number on the screen").fill(number);
      await phone.getByRole("button", { name: "Approve" }).click();
      await shop.getByRole("heading", { name: "You’re in" }).waitFor();
      await shot(page, "approved");
      await shop.getByRole("heading", { name: "Good to see you" }).waitFor();
      assert.deepEqual(errors, []);
      await page.context().close();
    });

    await t.test("a wrong number says so, then the right one still works", async () => {
      const { page, shop, phone } = await enter(browser);
      await signIn(shop);
      const number = await numberOf(shop);
      await phone.getByLabel("Number on the screen").fill(number === "10" ? "11" : "10");
      await phone.getByRole("button", { name: "Approve" }).click();
      await phone.getByText("Not that one.").waitFor();
      await shop.getByRole("heading", { name: "That number didn’t match" }).waitFor();
      await shot(page, "wrong-number");
      await phone.getByLabel("Number on the screen").fill(number);
      await phone.getByRole("button", { name: "Approve" }).click();
      await shop.getByRole("heading", { name: "Good to see you" }).waitFor();
      await page.context().close();
    });

    await t.test("denying says so in the browser", async () => {
      const { page, shop, phone } = await enter(browser);
      await signIn(shop);
      await phone.getByRole("button", { name: "No, don’t sign in" }).click();
      await shop.getByRole("heading", { name: "Sign-in refused" }).waitFor();
      await shot(page, "denied");
      await shop.getByRole("button", { name: "Try again" }).click();
      await shop.getByText("That sign-in was refused on your phone.").waitFor();
      await page.context().close();
    });

    await t.test("a browser without script signs in by links and forms", async () => {
      const { page, phone } = await enter(browser);
      const context = await browser.newContext({ javaScriptEnabled: false });
      const plain = await context.newPage();
      plain.setDefaultTimeout(patience);
      await plain.goto(await page.locator("iframe[name=browser]").getAttribute("src"));
      await signIn(plain);
      const number = await numberOf(plain);
      await shot(plain, "without-script");
      await phone.getByLabel("Number on the screen").fill(number);
      await phone.getByRole("button", { name: "Approve" }).click();
      await plain.getByRole("link", { name: "Continue to Northwind Books" }).click();
      await plain.getByRole("heading", { name: "Good to see you" }).waitFor();
      await context.close();
      await page.context().close();
    });

    await t.test("the code of the phone signs in once and no more", async () => {
      const { page, shop, phone } = await enter(browser);
      const code = (await phone.locator("#code").textContent()).replace(/\s/g, "");
      assert.match(code, /^[0-9]{6}$/);
      await signIn(shop);
      await shop.getByRole("button", { name: "Use a code" }).click();
      await shop.locator("#typed").fill(code);
      await shot(page, "code");
      await shop.locator("#send").click();
      await shop.getByRole("heading", { name: "Good to see you" }).waitFor();
      await shop.getByRole("button", { name: "Sign out" }).click();
      await signIn(shop);
      await shop.getByRole("button", { name: "Use a code" }).click();
      await shop.locator("#typed").fill(code);
      await shop.locator("#send").click();
      await shop.locator("#refused").waitFor();
      await shot(page, "code-used");
      assert.equal(await shop.getByRole("heading", { name: "Good to see you" }).count(), 0);
      await page.context().close();
    });

    await t.test("a browser that is trusted is not asked again, until the password is changed", async () => {
      const { page, shop, phone } = await enter(browser);
      await signIn(shop);
      const number = await numberOf(shop);
      await shop.getByLabel("Trust this browser for 30 days").check();
      await phone.getByLabel("Number on the screen").fill(number);
      await phone.getByRole("button", { name: "Approve" }).click();
      await shop.getByText("approved on your phone").waitFor();
      await shop.getByRole("button", { name: "Sign out" }).click();
      await signIn(shop);
      await shop.getByText("in a browser that you trust").waitFor();
      await shot(page, "trusted");
      await shop.getByRole("link", { name: "Change password" }).click();
      await shop.getByLabel("Current password").fill("sunflower");
      await shop.getByLabel("New password").fill("sunflower");
      await shot(page, "password");
      await shop.getByRole("button", { name: "Change it" }).click();
      await shop.getByRole("button", { name: "Sign out" }).click();
      await signIn(shop);
      await numberOf(shop);
      await shop.getByRole("button", { name: "Cancel" }).click();
      await shop.getByRole("heading", { name: "Sign-in cancelled" }).waitFor();
      await page.context().close();
    });

    await t.test("somebody who has nothing set up is led to set-up", async () => {
      const { page, shop } = await enter(browser);
      await signIn(shop, "cleo@example.com", "lavender");
      await shop.locator("img, svg").first().waitFor();
      await shop.getByRole("button", { name: "Use an authenticator app instead" }).waitFor();
      await shot(page, "set-up");
      await page.context().close();
    });

    await t.test("the real phone page is paired and answers, whatever it was showing", async () => {
      const { page, shop, phone } = await enter(browser);
      await page.getByRole("link", { name: "Use the real phone page" }).click();
      await phone.getByRole("button", { name: "Continue" }).click();
      await shop.getByRole("button", { name: /^Yes/ }).click();
      await phone.getByRole("heading", { name: "Ready" }).waitFor();
      await shop.getByRole("button", { name: "Send a test request" }).click();
      await phone.locator("input:visible").fill((await shop.locator("#trial-number:visible").textContent()).trim());
      await shot(page, "trial");
      await phone.getByRole("button", { name: "Approve" }).click();
      await shop.getByText("It works: My browser answered.").waitFor();
      await page.getByRole("link", { name: "open the shop" }).click();
      await signIn(shop);
      const number = await numberOf(shop);
      await phone.locator("input:visible").fill(number);
      await phone.getByRole("button", { name: "Approve" }).click();
      await shop.getByRole("heading", { name: "Good to see you" }).waitFor();
      await shot(page, "phone-page");
      await page.context().close();
    });

    await t.test("what changes is told by mail, which leads to where it is stopped", async () => {
      const { page, errors, shop } = await enter(browser);
      await page.getByRole("link", { name: "Mail", exact: true }).click();
      const letter = shop.frameLocator("iframe[name=letter]");
      await shop.getByRole("link", { name: "Countersign demo: New phone" }).last().click();
      await letter.getByRole("heading", { name: "New phone", level: 1 }).waitFor();
      await shot(page, "mail");
      await letter.getByRole("link", { name: "This wasn’t me" }).click();
      await letter.getByRole("heading", { name: "A phone was added" }).waitFor();
      assert.deepEqual(errors, []);
      const box = await page.context().newPage();
      await box.goto(`${demo}/mail`);
      assert.deepEqual(await barriers(box), []);
    });

    await t.test("the phone and its page have no barriers", async () => {
      const context = await browser.newContext({ reducedMotion: "reduce" });
      const page = await context.newPage();
      for (const path of ["/", "/phone"]) {
        await page.goto(demo + path);
        assert.deepEqual(await barriers(page), [], path);
      }
      await context.close();
    });
  });
});
