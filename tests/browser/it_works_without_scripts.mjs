// SPDX-License-Identifier: Apache-2.0
// Without JavaScript: the code is pasted, forms are plain ones, and sent twice they do nothing.
import assert from 'node:assert/strict';
import { PAGE, link, noKeyOn, shownKey, until, walk } from './support/walk.mjs';

// A browser says of its own accord that an answer was a 409.
await walk({ javaScriptEnabled: false, expected: /status of 409/ }, async (page) => {
	const address = link();
	await page.goto(address);
	await page.getByLabel('Code').fill(` ${address.split('#')[1].toUpperCase()} `);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.waitForURL('**/settings');
	assert.equal(await page.getByRole('button', { name: /^Copy/ }).count(), 0);

	await page.getByRole('button', { name: 'Generate key' }).click();
	await shownKey(page);
	const prefix = await page.locator('.facts code').textContent();

	// Reloading sends the form once more.
	await page.reload();
	await page.getByText('Nothing was changed').waitFor();
	await noKeyOn(page);
	assert.equal(await page.locator('.facts code').textContent(), prefix);

	for (const way of ['Make', 'n8n', 'curl', 'Zapier']) {
		await page.locator('.tabs > label', { hasText: way }).click();
		await page.locator(`.way.${way.toLowerCase()}`).waitFor();
	}

	await page.getByRole('button', { name: 'Send a test request' }).click();
	await until('applied', async () => {
		if (await page.getByText('The contact was there within').count())
			return true;
		await page.getByRole('link', { name: 'Look again' }).click();
		return false;
	});
	await page.getByRole('button', { name: 'Sign out' }).click();
	await page.goto(`${PAGE}/settings`);
	await page.waitForURL('**/sign-in');
});
