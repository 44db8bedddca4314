// The waiting screen and what it leads to, as a person at a computer meets them.
// The application is played here, over the protocol. SERVER is the server's
// address, KEY an API key of an application in which members need no second
// factor, and browsers may be trusted for 30 days; SHOTS, if set, a folder for
// pictures.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { barriers, exactly, linkOf, open, withBrowser } from "./browser.mjs";
import { ask, authenticator, call, code, everything, handset, key, server, stands } from "./people.mjs";

const { SHOTS: shots } = process.env;
const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

const heading = (page, name) => page.getByRole("heading", { name, level: 1 });

const line = (page, text) => page.locator("#line", { hasText: text });

const focused = (page) => page.evaluate(() => document.activeElement.id);

async function shot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

const wide = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// squeezed looks at a screen as the narrowest phone shows it, in both directions
// and in the dark, and with letters twice as large.
async function squeezed(page, name) {
  const before = page.viewportSize();
  const fits = async (how) => {
    assert.ok(await wide(page) <= 0, `${name} is ${await wide(page)} px too wide (${how})`);
    for (const field of await page.locator("input:visible:not([type=checkbox])").all()) {
      const hidden = await field.evaluate((input) => {
        const typed = input.value;
        input.value ||= "000000";
        const over = input.scrollWidth - input.clientWidth;
        input.value = typed;
        return over;
      });
      assert.ok(hidden <= 0, `${name}: ${hidden} px of what is typed are out of sight (${how})`);
    }
    await shot(page, `${name}-${how}`);
  };
  await page.setViewportSize({ width: 320, height: 640 });
  await fits("ltr");
  await page.evaluate(() => { document.documentElement.dir = "rtl"; });
  await fits("rtl");
  await page.evaluate(() => { document.documentElement.dir = "ltr"; });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await fits("dark");
  assert.deepEqual(await barriers(page), [], name);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 640, height: 640 });
  await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
  await fits("large");
  await page.evaluate(() => { document.documentElement.style.fontSize = ""; });
  await page.setViewportSize(before);
}

// setUp opens a set-up as the application would.
async function setUp(browser, user, options) {
  const opened = await call("POST", "/v1/pairings", key, { user });
  return open(browser, opened.set_up_url, options);
}

// done checks what must hold on every screen, and leaves it.
async function done(page) {
  assert.deepEqual(await barriers(page), []);
  assert.deepEqual(page.errors, []);
  await page.context().close();
}

test("the screens in a browser", { skip: server ? false : "SERVER is not set" }, async (t) => {
  await withBrowser(async (browser) => {
    await t.test("who need not have a second factor is let in", async () => {
      const asked = await ask("optional@example.com", { role: "member" });
      assert.equal(asked.next, "done");
      const page = await open(browser, asked.waiting_url);
      await heading(page, "You’re in").waitFor();
      await shot(page, "not-required");
      await done(page);
    });

    await t.test("without a phone the screen says so and takes a code", async () => {
      const user = "codes@example.com";
      const { setUpKey } = await authenticator(user);
      const asked = await ask(user);
      const page = await open(browser, asked.waiting_url);
      await line(page, "You have no phone that could be asked.").waitFor();
      assert.equal(await page.getByRole("button", { name: "Use a recovery code" }).isVisible(), true);
      assert.equal(await page.locator("#logo").isVisible(), false, "a picture that the application has not");
      await shot(page, "no-phone");
      await page.locator("#typed").fill(code(setUpKey));
      await page.locator("#send").click();
      await heading(page, "You’re in").waitFor();
      assert.equal((await stands(asked.id)).method, "totp");
      await done(page);
    });

    // withoutPhone signs in by a code after saying that the phone is not there.
    async function withoutPhone(user, typed) {
      const asked = await ask(user);
      const page = await open(browser, asked.waiting_url);
      assert.equal(await page.locator("#actions").getByRole("button").first().textContent(), "I have a new phone");
      await page.getByRole("button", { name: "I have a new phone" }).click();
      assert.equal(await page.locator(":focus").textContent(), "I have a new phone", "it is not what is read first");
      await page.getByRole("heading", { name: "I have a new phone" }).waitFor();
      await page.getByText("Phone lost or broken?").waitFor();
      assert.deepEqual(await barriers(page), []);
      if (typed.length > 8) await page.getByRole("button", { name: "Use a recovery code" }).click();
      await page.locator("#typed").fill(typed);
      await shot(page, `without-phone-${typed.length > 8 ? "recovery" : "totp"}`);
      await squeezed(page, `without-phone-${typed.length > 8 ? "recovery" : "totp"}`);
      await page.locator("#send").click();
      await page.getByRole("button", { name: "Set up my new phone" }).waitFor();
      assert.deepEqual(await barriers(page), []);
      await page.getByRole("button", { name: "Set up my new phone" }).click();
      await page.waitForURL(/\/recovery\//);
      return page;
    }

    await t.test("a code of the app leads to a new phone at once, and the lost one goes", async () => {
      const user = "lost@example.com";
      const { phone, setUpKey } = await everything(user);
      const page = await withoutPhone(user, code(setUpKey));
      await heading(page, "Add your new phone").waitFor();
      assert.equal(page.url().includes("#"), false, "the secret stays in the address");
      await page.getByLabel("Old phone").check();
      await shot(page, "recovery-ready");
      assert.deepEqual(await barriers(page), []);
      await page.getByRole("button", { name: "Set up my new phone" }).click();
      await page.waitForURL(/\/set-up\//);
      await handset(await page.getByRole("link", { name: "Open the link here" }).getAttribute("href"), "New phone");
      await page.getByRole("button", { name: "Yes, it matches" }).click();
      await page.getByRole("button", { name: "Show my recovery codes" }).waitFor();
      const { phones } = await call("GET", `/v1/people/${user}`, key);
      assert.deepEqual(phones.map((p) => p.name), ["New phone"]);
      assert.equal((await phone.request("GET", "/v1/phone")).status, 401);
      await done(page);
    });

    await t.test("a recovery code leads to a wait that the old phone ends by the number", async () => {
      const user = "paper@example.com";
      const { phone, codes } = await everything(user);
      const page = await withoutPhone(user, codes[0]);
      await page.getByRole("heading", { name: /^Your new phone can be added / }).waitFor();
      const number = await page.locator("#sooner strong").textContent();
      await shot(page, "recovery-waiting");
      assert.deepEqual(await barriers(page), []);
      const [notice] = await phone.asked();
      assert.equal(JSON.parse(notice.display).action, "Add a new phone");
      assert.equal((await phone.answer(notice, "approve", number)).status, 200);
      await heading(page, "Add your new phone").waitFor();
      await page.reload();
      await heading(page, "Add your new phone").waitFor();
      await done(page);
    });

    await t.test("the old phone stops a new one, and the page says so", async () => {
      const user = "stopped@example.com";
      const { phone, codes } = await everything(user);
      const page = await withoutPhone(user, codes[0]);
      await page.locator("#sooner strong").waitFor();
      const [notice] = await phone.asked();
      assert.equal((await phone.answer(notice, "deny")).status, 200);
      await heading(page, "This was stopped").waitFor();
      await page.getByText("Someone said on Old phone").first().waitFor();
      await shot(page, "recovery-refused");
      await done(page);
    });

    await t.test("small, dark, and without its secret, the page still says what to do", async () => {
      const page = await open(browser, `${server}/recovery/AAAAAAAAAAAAAAAAAAAAAA`, { viewport: { width: 320, height: 568 }, colorScheme: "dark" });
      await heading(page, "Start where you sign in").waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 320, `${wide} px wide`);
      await shot(page, "recovery-nowhere");
      await done(page);
    });

    await t.test("a browser that is ticked is trusted, and the application is handed its token", async () => {
      const user = "trust@example.com";
      const { phone } = await everything(user);
      const back = "http://localhost:9/signed-in";
      const asked = await ask(user, { return_url: back, context: { user_agent: chrome } });
      const page = await open(browser, asked.waiting_url);
      let returned = "";
      await page.route(`${back}**`, (route) => { returned = route.request().url(); return route.fulfill({ body: "back" }); });
      await page.getByLabel("Trust this browser for 30 days").check();
      await shot(page, "trust");
      assert.deepEqual(await barriers(page), []);
      const [request] = await phone.asked();
      assert.equal((await phone.answer(request, "approve", asked.number)).status, 200);
      await page.waitForURL(`${back}**`);
      const { trusted_browser: trusted } = await call("POST", `/v1/approvals/${asked.id}/redeem`, key, { result_code: new URL(returned).searchParams.get("result_code") });
      const again = await ask(user, { trusted_browser: trusted.token, context: { user_agent: chrome } });
      assert.equal(again.next, "done");
      assert.deepEqual(page.errors, []);
      await page.context().close();
    });

    await t.test("what was refused leads back to the application, without a result", async () => {
      const user = "slip@example.com";
      const { phone } = await everything(user);
      const back = "http://localhost:9/signed-in";
      const asked = await ask(user, { return_url: back });
      const page = await open(browser, asked.waiting_url);
      let returned = "";
      await page.route(`${back}**`, (route) => { returned = route.request().url(); return route.fulfill({ body: "back" }); });
      const [request] = await phone.asked();
      assert.equal((await phone.answer(request, "deny")).status, 200);
      await heading(page, "Sign-in refused").waitFor();
      await shot(page, "denied");
      assert.deepEqual(await barriers(page), []);
      await page.getByRole("button", { name: "Try again" }).click();
      await page.waitForURL(`${back}**`);
      assert.equal(returned, `${back}?approval_id=${asked.id}`);
      await page.context().close();
    });

    await t.test("a phone is added, and nobody does without codes by a slip", async () => {
      const back = "http://localhost:9/signed-in";
      const asked = await ask("new@example.com", { return_url: back });
      assert.equal(asked.next, "enrol");
      const page = await open(browser, asked.set_up_url);
      await heading(page, "Add your phone").waitFor();
      await page.waitForFunction(() => document.getElementById("qr").src.startsWith("data:"));
      await squeezed(page, "set-up-1-open");
      await handset(await linkOf(page), "Ana’s iPhone");
      await heading(page, "Same on your phone?").waitFor();
      await squeezed(page, "set-up-2-claimed");
      await page.getByRole("button", { name: "Yes, it matches" }).click();
      await heading(page, "Ana’s iPhone is ready").waitFor();
      await page.getByText("A new phone one day?").waitFor();
      await squeezed(page, "set-up-3-active");
      await page.getByRole("button", { name: "Send a test request" }).press("Enter");
      await page.getByText("Enter this number on Ana’s iPhone").waitFor();
      assert.equal(await focused(page), "trial-number", "a keyboard begins at the top again");
      await page.getByRole("button", { name: "Finish without codes" }).click();
      await heading(page, "Finish without codes?").waitFor();
      await squeezed(page, "set-up-4-sure");
      await page.getByRole("button", { name: "Show my recovery codes" }).click();
      await heading(page, "Your recovery codes").waitFor();
      await exactly(10, page.locator("#codes li"));
      assert.equal(await page.getByRole("button", { name: "Done" }).isEnabled(), false);
      await shot(page, "set-up-5-codes");
      await squeezed(page, "set-up-5-codes");
      await page.getByLabel("I’ve kept them").check();
      await page.getByRole("button", { name: "Done" }).click();
      await heading(page, "You’re set up").waitFor();
      await page.getByText(/^You aren’t signed in to .* yet\./).waitFor();
      await squeezed(page, "set-up-6-done");

      // Loaded again, the page has no codes to show, and says where there are new ones.
      await page.reload();
      await page.getByRole("button", { name: "Show my recovery codes" }).click();
      await page.getByText("have new ones made in your sign-in security").waitFor();
      await page.getByRole("button", { name: "Finish without codes" }).click();
      await heading(page, "Finish without codes?").waitFor();
      await page.getByRole("button", { name: "Finish without codes" }).click();
      await heading(page, "You’re set up").waitFor();

      let returned = "";
      await page.route(`${back}**`, (route) => { returned = route.request().url(); return route.fulfill({ body: "back" }); });
      await page.getByRole("link", { name: /^Back to / }).click();
      await page.waitForURL(`${back}**`);
      assert.equal(returned, back); // nothing is added: nobody is signed in by it
      assert.deepEqual(page.errors, []);
      await page.context().close();
    });

    await t.test("an authenticator app is added by its picture or its key, both in sight", async () => {
      const page = await setUp(browser, "app@example.com");
      await page.getByRole("button", { name: "Use an authenticator app instead" }).click();
      await heading(page, "Add an authenticator app").waitFor();
      const setUpKey = await page.locator("#setup-key").textContent();
      assert.match(setUpKey, /^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
      assert.equal(await page.getByRole("img", { name: "QR code for the authenticator app" }).isVisible(), true);
      assert.match(await page.getByRole("link", { name: "Open in an app" }).getAttribute("href"), /^otpauth:\/\/totp\//);
      await page.getByText("Google Authenticator, Microsoft Authenticator, Authy, 1Password, LastPass").waitFor();
      await shot(page, "set-up-app");
      await squeezed(page, "set-up-app");
      await page.getByLabel("Code from the app").fill(code(setUpKey, -1));
      await page.getByRole("button", { name: "Confirm" }).click();
      await heading(page, "Your app is ready").waitFor();
      await done(page);
    });

    for (const [locale, says] of Object.entries({
      "de-AT": {
        asking: "Öffnen Sie Countersign auf Ihrem Telefon", line: /^Öffnen Sie Countersign auf Old phone und geben Sie dort \d\d ein\.$/, left: /^noch \d+ Sekunden$/,
        noPhone: "Mein Telefon ist nicht da", wrong: "Dieser Code war es nicht. Nehmen Sie den neuesten aus Ihrer App. Noch 4 Versuche.",
        next: /^Der nächste Code kommt in \d+ Sekunden?\.$|^Jetzt ist ein neuer Code da\.$/,
        disown: "Das war ich nicht", blocked: "Anmeldung gesperrt", open: "Fügen Sie Ihr Telefon hinzu", app: "Stattdessen eine Authenticator-App nehmen",
        appHeadline: "Fügen Sie eine Authenticator-App hinzu", recovery: /^Ihr neues Telefon kann ab \w+, \d+\. .* um \d+:\d\d hinzukommen$/,
        other: "Wiederherstellungscode nehmen", newPhone: "Mein neues Telefon einrichten",
      },
      fr: {
        asking: "Ouvrez Countersign sur votre téléphone", line: /^Ouvrez Countersign sur Old phone et saisissez-y \d\d\.$/, left: /^encore \d+ secondes$/,
        noPhone: "Je n’ai pas mon téléphone", wrong: "Ce n’était pas le bon code. Prenez le plus récent de votre application. Il reste 4 essais.",
        next: /^Le code suivant arrive dans \d+ secondes?\.$|^Un nouveau code est là\.$/,
        disown: "Ce n’était pas moi", blocked: "Connexion bloquée", open: "Ajoutez votre téléphone", app: "Prendre plutôt une application d’authentification",
        appHeadline: "Ajoutez une application d’authentification", recovery: /^Votre nouveau téléphone pourra être ajouté .* à \d+:\d\d$/,
        other: "Utiliser un code de secours", newPhone: "Configurer mon nouveau téléphone",
      },
    })) {
      await t.test(`all of it in ${locale}`, async () => {
        const user = `${locale.slice(0, 2)}@example.com`;
        const { codes } = await everything(user);
        const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

        const waiting = await open(browser, (await ask(user)).waiting_url, { locale });
        await heading(waiting, says.asking).waitFor();
        assert.equal(await waiting.evaluate(() => document.documentElement.lang), locale.slice(0, 2));
        assert.match(await waiting.locator("#line").textContent(), says.line);
        assert.match(await waiting.locator("#left").textContent(), says.left);
        await squeezed(waiting, `${locale}-asking`);
        await press(waiting, says.noPhone);
        await waiting.locator("#typed").fill("000000");
        await waiting.locator("#send").click();
        await waiting.getByText(says.wrong).waitFor();
        await shot(waiting, `${locale}-code`);
        await waiting.getByText(says.next).waitFor();
        await squeezed(waiting, `${locale}-code`);
        await press(waiting, says.disown);
        await heading(waiting, says.blocked).waitFor();
        await done(waiting);

        const again = await open(browser, (await ask(user)).waiting_url, { locale });
        await press(again, says.noPhone);
        await press(again, says.other);
        await again.locator("#typed").fill(codes[0]);
        await again.locator("#send").click();
        await press(again, says.newPhone);
        await again.getByRole("heading", { name: says.recovery }).waitFor();
        await shot(again, `${locale}-recovery`);
        await squeezed(again, `${locale}-recovery`);
        await done(again);

        const page = await setUp(browser, `new-${user}`, { locale });
        await heading(page, says.open).waitFor();
        await squeezed(page, `${locale}-set-up`);
        await press(page, says.app);
        await heading(page, says.appHeadline).waitFor();
        await shot(page, `${locale}-app`);
        await squeezed(page, `${locale}-app`);
        await done(page);
      });
    }

    await t.test("where the phone is this very browser, it is set up there, and one tap leads to it and one back", async () => {
      const user = "same@example.com";
      const page = await setUp(browser, user, { viewport: { width: 390, height: 780 } });
      await page.getByRole("link", { name: "Open the link here" }).click();
      await page.getByLabel("Name of this phone").fill("This browser");
      await page.getByRole("button", { name: "Continue" }).click();
      await heading(page, "One step more").or(page.getByRole("button", { name: "Not now" })).first().waitFor();
      if (await page.getByRole("button", { name: "Not now" }).isVisible()) await page.getByRole("button", { name: "Not now" }).click();
      await heading(page, "One step more").waitFor();
      assert.equal(await page.getByText("Waiting for").isVisible(), false, "it waits for another screen");
      await squeezed(page, "set-up-here-1-phone");
      await page.getByRole("link", { name: "Back to the set-up" }).click();
      await heading(page, "Add this phone?").waitFor();
      await squeezed(page, "set-up-here-2-browser");
      await page.getByRole("button", { name: "Yes, add it" }).click();
      await heading(page, "This browser is ready").waitFor();

      const asked = await ask(user, { context: { user_agent: chrome } });
      await page.goto(asked.waiting_url);
      const there = page.getByRole("link", { name: "Approve on this device" });
      await there.waitFor();
      await page.getByText(`Keep ${asked.number} in mind`).waitFor();
      await shot(page, "here");
      await squeezed(page, "here");
      assert.deepEqual(await barriers(page), []);
      await there.click();
      await heading(page, /^Are you signing in to /).waitFor();
      await page.getByLabel("Number on the sign-in screen").fill(asked.number);
      await page.getByRole("button", { name: "Approve" }).click();
      await heading(page, "Approved").waitFor();
      await shot(page, "here-approved");
      assert.deepEqual(await barriers(page), []);
      await page.getByRole("link", { name: "Back to the sign-in" }).click();
      await heading(page, "You’re in").waitFor();

      // Another person's sign-in in this browser is not this phone's.
      await everything("visitor@example.com");
      await page.goto((await ask("visitor@example.com")).waiting_url);
      await heading(page, "Open Countersign on your phone").waitFor();
      assert.equal(await there.isVisible(), false);
      await done(page);
    });

    await t.test("where there is no phone in the browser, looking for one leaves nothing behind", async () => {
      await everything("elsewhere@example.com");
      const page = await open(browser, (await ask("elsewhere@example.com")).waiting_url);
      await heading(page, "Open Countersign on your phone").waitFor();
      assert.deepEqual(await page.evaluate(() => indexedDB.databases()), []);
      await done(page);
    });

    await t.test("more time is given once, and asked for only when there is little left", async () => {
      const user = "slow@example.com";
      await everything(user);
      const asked = await ask(user, { ttl: 30 });
      const page = await open(browser, asked.waiting_url);
      await page.getByRole("button", { name: "I need more time" }).click();
      await page.getByText("You have more time now.").waitFor();
      assert.equal(await focused(page), "headline", "a keyboard begins at the top again");
      await page.locator("#extend").waitFor({ state: "hidden" });
      const { expires_at: until } = await stands(asked.id);
      assert.equal(Date.parse(until) - Date.parse(asked.expires_at), 30_000);
      await page.waitForFunction(() => parseInt(document.getElementById("left").textContent, 10) > 30);
      await shot(page, "more-time");
      await done(page);
    });

    await t.test("somebody who finds a sign-in that is not theirs ends it", async () => {
      const user = "disowned@example.com";
      await everything(user);
      const asked = await ask(user);
      const page = await open(browser, asked.waiting_url, { viewport: { width: 320, height: 700 } });
      const disown = page.getByRole("button", { name: "This wasn’t me" });
      await disown.waitFor();
      await shot(page, "disown");
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 320, `${wide} px wide`);
      await disown.click();
      await heading(page, "Sign-in blocked").waitFor();
      assert.deepEqual([(await stands(asked.id)).state, (await stands(asked.id)).reason], ["denied", "reported"]);
      await done(page);
    });
  });
});
