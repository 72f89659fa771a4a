#include "gateway/internal/est_answers.h"

#include "crypto/cms.h"
#include "gateway/internal/reply.h"

namespace muster::gateway {
namespace {

using net::http::Response;

constexpr const char* certs_only_type = "application/pkcs7-mime; smime-type=certs-only";

// SEQUENCE { Attribute { id-ecPublicKey, { secp256r1 } }, ecdsa-with-SHA256 }
constexpr std::uint8_t attributes[] = {0x30, 0x21, 0x30, 0x15, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                       0xce, 0x3d, 0x02, 0x01, 0x31, 0x0a, 0x06, 0x08, 0x2a,
                                       0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x06, 0x08,
                                       0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

std::string base64_of(ByteView der, bool wrapped) {
  std::string line = to_base64(der);
  if (!wrapped) return line;
  std::string out;
  for (std::size_t at = 0; at < line.size(); at += 64) out.append(line, at, 64).append("\r\n");
  return out;
}

Response base64_answer(ByteView der, bool wrapped, const char* type) {
  return {.headers = {{"Content-Type", type}, {"Content-Transfer-Encoding", "base64"}},
          .body = base64_of(der, wrapped)};
}

void append_part(std::string& body, std::string_view boundary, const char* type,
                 std::string_view base64) {
  body.append("--").append(boundary).append("\r\nContent-Type: ").append(type);
  body.append("\r\nContent-Transfer-Encoding: base64\r\n\r\n").append(base64).append("\r\n");
}

void wipe(std::string& secret) {
  for (volatile char& c : secret) c = 0;
}

// What stands between the lines of a PEM text: base64 of its DER.
std::string inside_of(std::string_view pem, bool wrapped) {
  std::string out;
  for (std::size_t at = 0; at < pem.size();) {
    const auto end = std::min(pem.find('\n', at), pem.size());
    if (pem[at] != '-') out.append(pem.substr(at, end - at)).append(wrapped ? "\r\n" : "");
    at = end + 1;
  }
  return out;
}

}  // namespace

Response authorities_answer(ByteView certs_only, bool wrapped) {
  return base64_answer(certs_only, wrapped, "application/pkcs7-mime");
}

Response certificate_answer(const Bytes& certificate, bool wrapped) {
  auto cms = crypto::make_certs_only(std::span(&certificate, 1));
  return cms ? base64_answer(*cms, wrapped, certs_only_type) : refusal(cms.error());
}

Response key_answer(const crypto::FileKey& key, const Bytes& certificate, bool wrapped) {
  auto cms = crypto::make_certs_only(std::span(&certificate, 1));
  if (!cms) return refusal(cms.error());
  const std::string boundary = "muster-" + to_hex(crypto::sha256(certificate)).substr(0, 32);
  std::string pem = key.private_pem(), secret = inside_of(pem, wrapped);
  Response out{.headers = {{"Content-Type", "multipart/mixed; boundary=" + boundary},
                           {"Cache-Control", "no-store"}}};
  out.body.reserve(4 * 1024);
  append_part(out.body, boundary, "application/pkcs8", secret);
  append_part(out.body, boundary, certs_only_type, base64_of(*cms, wrapped));
  out.body.append("--").append(boundary).append("--\r\n");
  wipe(pem);
  wipe(secret);
  return out;
}

Response attributes_answer(bool wrapped) {
  return base64_answer(attributes, wrapped, "application/csrattrs");
}

}  // namespace muster::gateway
