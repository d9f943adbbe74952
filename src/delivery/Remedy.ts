/**
 * What an operator can do about a failed push, in the words of docs/errors.md.
 */
import { NoConnection } from "../transport/TransportError.ts"
import type * as PushError from "./PushError.ts"

export const of = (reason: PushError.Reason): string => {
  switch (reason._tag) {
    case "AuthError":
      return ofCredentials(reason)
    case "TlsError":
      return tls.find(([codes]) => codes.test(reason.code))?.[1] ?? untrusted
    case "Timeout":
      return "find what is slow; raise remote_timeout"
    case "Unreachable":
      if (reason.detail.startsWith("proxy ")) return proxyIsDown
      return network.find(([codes]) => codes.test(reason.code))?.[1] ?? broken
    case "ServerFailure":
      if (reason.by === "proxy") return "as if the server were down: for the proxy it is"
      if (reason.status === 501 || reason.status === 505) return "correct the URL: it is no Pyroscope's"
      return "look into the server's log"
    case "Rejected":
      return ofRejection(reason)
    case "RateLimited":
      return "raise the server's limit, or send less; Retry-After is honoured up to an hour"
    case "TooLarge":
      return "raise the server's limit, or make profiles of shorter intervals"
    case "Expired":
      return "the endpoint was down or slow for longer; see its earlier log lines"
  }
}

const ofCredentials = ({ detail, source, status }: PushError.AuthError): string => {
  switch (source) {
    case "server":
      return "correct basic_auth, authorization, bearer_token or oauth2, or what their owner may do; " +
        "to a tenant that needs it, send X-Scope-OrgID"
    case "proxy":
      return status === 407
        ? "correct the user in proxy_url or in the environment"
        : "have the proxy allow the server and its port; go past it with no_proxy"
    case "credential file":
      return "write the file, make it readable; while it was good before, what it held last is used"
    case "token endpoint": {
      const [, code = ""] = /\((\w+)\)$/.exec(detail) ?? []
      const isRefused = status === undefined
        ? new NoConnection({ code, detail }).kind === "tls"
        : status >= 400 && status < 500 && status !== 408 && status !== 429
      return isRefused
        ? "correct client_id, client_secret, scopes, endpoint_params, the tls_config in oauth2"
        : "bring the token endpoint back, check token_url and its proxy"
    }
  }
}

const ofRejection = ({ by, detail, status }: PushError.Rejected): string => {
  if (status === undefined) return "correct what sends the profile"
  if (by === "proxy") return "have the proxy let it through; go past it with no_proxy"
  if (status === 404 || status === 405) return "correct the path of the URL, or wait for the end of a deployment"
  if (passing.has(status)) return "nothing, if it passes; 407: look for a proxy on the way"
  if (status >= 400) return "read the detail: the labels, the format or the tenant will not do"
  if (/made a GET of the push/.test(detail)) {
    return "write the URL where the server is. A login page is the usual reason: it takes no push, " +
      "even if it answers 200"
  }
  return "write the URL where the server is, which the redirect leads to"
}

const passing: ReadonlySet<number> = new Set([407, 408, 425, 499])

const untrusted = "set ca_file to the authority's certificate; have the server send the intermediate ones"

const tls: ReadonlyArray<readonly [codes: RegExp, remedy: string]> = [
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, "renew the certificate; check the clocks"],
  [/^INVALID_PURPOSE$/, "issue a certificate for serverAuth"],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    "use the certificate's name in the URL, or set server_name; a certificate that has its name in the subject alone needs a " +
    "subject alternative name"
  ],
  [/^UNSPECIFIED$/, "have the server's certificate replaced"],
  [/_(PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL)$/, "update the server, or lower min_version"],
  [/^ERR_TLS_EXPECTED$|_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, "correct the scheme or the port of the URL"],
  [/_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)$/, "set cert_file and key_file"],
  [/_ALERT_|^ERR_TLS_CLIENT_CERTIFICATE$/, "set cert_file and key_file to one that the server's authority has issued"]
]

const broken = "look into the server's log, and into that of a load balancer before it. Some servers refuse a client " +
  "certificate this way"

const proxyIsDown = "start the proxy, correct proxy_url; go past it with no_proxy"

const network: ReadonlyArray<readonly [codes: RegExp, remedy: string]> = [
  [/^ECONNREFUSED$/, "start the server, correct the port"],
  [/^(ENOTFOUND|EAI_\w+)$/, "correct the name, check DNS"],
  [/^(HPE_\w+|UNKNOWN)$/, "correct the port"],
  [/^(UND_ERR_HEADERS_OVERFLOW|ERR_HTTP2_ERROR)$/, "have the server or a proxy before it send fewer headers"]
]
