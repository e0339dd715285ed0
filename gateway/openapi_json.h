/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_json - the text of gateway/openapi.json.in, which the build turns into C. */
#ifndef INTAKE_GATEWAY_OPENAPI_JSON_H
#define INTAKE_GATEWAY_OPENAPI_JSON_H

extern const char openapi_json[];

#endif
