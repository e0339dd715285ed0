/* SPDX-License-Identifier: Apache-2.0 */
/* texts - the page's own files, which the build turns into C. */
#ifndef INTAKE_GATEWAY_SETTINGS_TEXTS_H
#define INTAKE_GATEWAY_SETTINGS_TEXTS_H

extern const char settings_businesses_html[];
extern const char settings_continue_html[];
extern const char settings_foot_html[];
extern const char settings_head_html[];
extern const char settings_icon_svg[];
extern const char settings_integrations_html[];
extern const char settings_notice_html[];
extern const char settings_script_js[];
extern const char settings_sign_in_html[];
extern const char settings_style_css[];
extern const char settings_test_html[];

#endif
