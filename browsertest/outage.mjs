// Waits on a real waiting screen while somebody else breaks and mends the
// server behind it. Says on standard output what the screen shows: "asking",
// "reconnecting", then the final headline.
import { withBrowser } from "./browser.mjs";

const patience = 40_000;

await withBrowser(async (browser) => {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(patience);
  await page.goto(process.env.WAITING);
  await page.locator("#number", { hasText: /[1-9][0-9]/ }).waitFor();
  console.log("asking");
  await page.locator("#banner").waitFor({ state: "visible" });
  console.log("reconnecting");
  await page.getByRole("heading", { name: /You’re in|Sign-in|took too long|over/ }).waitFor();
  console.log(await page.locator("#headline").textContent());
});
