// SPDX-License-Identifier: Apache-2.0
// A page on plain http has no clipboard API: copying goes by selection there.
import assert from 'node:assert/strict';
import { PAGE, shownKey, signIn, walk } from './support/walk.mjs';

// What Ctrl+V brings.
const pasted = async (page) => {
	await page.evaluate(() => {
		const area = document.createElement('textarea');
		area.id = 'paste-here';
		document.body.append(area);
		area.focus();
	});
	await page.keyboard.press('Control+V');
	return page.evaluate(() => {
		const area = document.getElementById('paste-here');
		area.remove();
		return area.value;
	});
};

await walk({}, async (page) => {
	await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined }));
	await signIn(page);
	assert.equal(await page.evaluate(() => navigator.clipboard), undefined);
	await page.getByRole('button', { name: 'Copy webhook URL' }).click();
	await page.getByText('Webhook URL copied.').waitFor({ state: 'attached' });
	assert.equal(await pasted(page), `${PAGE}/api/webhooks/contacts`);
	await page.getByRole('button', { name: 'Generate key' }).click();
	const key = await shownKey(page);
	await page.getByRole('button', { name: 'Copy API key' }).click();
	await page.getByText('API key copied.').waitFor({ state: 'attached' });
	assert.equal(await pasted(page), key);
	await page.locator('.tabs > label', { hasText: 'curl' }).click();
	await page.getByRole('button', { name: 'Copy command' }).click();
	await page.getByText('Command copied.').waitFor({ state: 'attached' });
	assert.match(await pasted(page), /^curl http.*\n.*\n.*\n *-d .*'$/);
});
