// SPDX-License-Identifier: Apache-2.0
// Keyboard only: everything is reached by Tab, seen to have the focus, and done by Enter, Space and arrows.
import assert from 'node:assert/strict';
import { shownKey, signIn, walk } from './support/walk.mjs';

const focused = (page) => page.evaluate(() => {
	const { activeElement: element } = document;
	const label = element.labels?.[0] ?? element;
	return (label.innerText || element.value || element.tagName).replace(/\s+/g, ' ').trim();
});

async function tabTo(page, words) {
	for (let i = 0; i < 40; i++) {
		await page.keyboard.press('Tab');
		if ((await focused(page)).startsWith(words)) {
			const outline = await page.evaluate(() => {
				const { activeElement: element } = document;
				return [element, element.labels?.[0]].some((e) => e && getComputedStyle(e).outlineStyle !== 'none');
			});
			assert.ok(outline, `${words}: nothing shows that it has the focus`);
			return;
		}
	}
	assert.fail(`Tab never comes to "${words}"`);
}

await walk({}, async (page) => {
	await signIn(page);
	await page.keyboard.press('Tab');
	assert.equal(await focused(page), 'Skip to the settings');
	await page.keyboard.press('Enter');
	await tabTo(page, 'Copy');
	await page.keyboard.press('Enter');
	await page.getByText('Webhook URL copied.').waitFor({ state: 'attached' });
	await tabTo(page, 'Generate key');
	await page.keyboard.press('Enter');
	const key = await shownKey(page);
	assert.match(await focused(page), /^Copy this key now/, 'what is new has the focus');
	await tabTo(page, 'Copy');
	await page.keyboard.press('Space');
	await page.getByText('API key copied.').waitFor({ state: 'attached' });
	await tabTo(page, 'Regenerate key');
	await page.keyboard.press('Enter');
	await tabTo(page, 'Stops working now');
	await page.keyboard.press('ArrowDown');
	await tabTo(page, 'I will put');
	await page.keyboard.press('Space');
	await tabTo(page, 'Regenerate key');
	await page.keyboard.press('Enter');
	await page.getByRole('button', { name: 'End the old key now' }).waitFor();
	assert.notEqual(await shownKey(page), key);
	await tabTo(page, 'Zapier');
	await page.keyboard.press('ArrowRight');
	await page.locator('.way.make').waitFor();
	await tabTo(page, 'Send a test request');
	await page.keyboard.press('Enter');
	await page.locator('.steps .done').nth(2).waitFor();
});
