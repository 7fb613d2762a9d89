// Makes calls with ZITADEL's published packages, as its login app does: a line of JSON asks, a line answers.
// usage: node bridge.mjs BASE_URL TOKEN connect|grpc
// asks:  {"service": "SessionService", "method": "getSession", "message": {…}}, or
//        {"verify": JWT}, or {"systemToken": {"audience": …, "subject": …, "key": …}}
// tells: {"told": …}, or {"refused": {"code": …, "message": …, "details": […]}}
import { createInterface } from "node:readline";
import { fromJson, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { createClientFor } from "@zitadel/client";
import { createServerTransport, newSystemToken } from "@zitadel/client/node";
import { IdentityProviderService } from "@zitadel/proto/zitadel/idp/v2/idp_service_pb.js";
import { CredentialsCheckErrorSchema, ErrorDetailSchema } from "@zitadel/proto/zitadel/message_pb.js";
import { OIDCService } from "@zitadel/proto/zitadel/oidc/v2/oidc_service_pb.js";
import { OrganizationService } from "@zitadel/proto/zitadel/org/v2/org_service_pb.js";
import { SAMLService } from "@zitadel/proto/zitadel/saml/v2/saml_service_pb.js";
import { SessionService } from "@zitadel/proto/zitadel/session/v2/session_service_pb.js";
import { SettingsService } from "@zitadel/proto/zitadel/settings/v2/settings_service_pb.js";
import { UserService } from "@zitadel/proto/zitadel/user/v2/user_service_pb.js";
import { createRemoteJWKSet, jwtVerify } from "jose";

const [baseUrl, token, wire] = process.argv.slice(2);
const services = {
  IdentityProviderService,
  OIDCService,
  OrganizationService,
  SAMLService,
  SessionService,
  SettingsService,
  UserService,
};

const hosts = (next) => (request) => {
  request.header.set("x-zitadel-instance-host", new URL(baseUrl).host);
  request.header.set("x-zitadel-public-host", "login.example.com");
  request.header.set("x-custom-request-header", "of the operator");
  return next(request);
};

const authorization = (next) => (request) => {
  request.header.set("Authorization", `Bearer ${token}`);
  return next(request);
};

// its releases spoke gRPC over HTTP/2 first, later Connect with JSON over HTTP/1.1
const transport =
  wire === "grpc"
    ? createServerTransport(token, { baseUrl, interceptors: [hosts] })
    : createConnectTransport({ httpVersion: "1.1", baseUrl, interceptors: [authorization, hosts] });

async function call({ service, method, message }) {
  const descriptor = services[service];
  const { input, output } = descriptor.method[method];
  const client = createClientFor(descriptor)(transport);
  return toJson(output, await client[method](fromJson(input, message)));
}

async function answer(asked) {
  if (asked.verify !== undefined) {
    const keys = createRemoteJWKSet(new URL(`${baseUrl}/oauth/v2/keys`));
    return (await jwtVerify(asked.verify, keys)).payload;
  }
  return asked.systemToken ? newSystemToken(asked.systemToken) : call(asked);
}

function refusal(error) {
  if (!(error instanceof ConnectError)) return { code: "", message: String(error), details: [] };
  const failures = error.findDetails(CredentialsCheckErrorSchema);
  const details = failures.length
    ? failures.map((one) => toJson(CredentialsCheckErrorSchema, one))
    : error.findDetails(ErrorDetailSchema).map((one) => toJson(ErrorDetailSchema, one));
  return { code: Code[error.code], message: error.rawMessage, details };
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = await answer(JSON.parse(line)).then(
    (message) => ({ told: message }),
    (error) => ({ refused: refusal(error) }),
  );
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
process.exit(0);
