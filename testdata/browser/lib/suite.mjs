// What the tests of a file share: one browser, and a bench for each test.
import { after, before } from "node:test";
import { Browser } from "./browser.mjs";
import { Bench } from "./programs.mjs";

// suite gives a file its browser; its bench is closed after all tests.
export function suite() {
  const own = { bench: new Bench() };
  before(async () => { own.browser = await Browser.launch(); });
  after(async () => {
    await own.browser?.close();
    await own.bench.close();
  });
  return own;
}
