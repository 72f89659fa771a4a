#include "wire/attestation.h"

#include "wire/json.h"

namespace muster::wire {
namespace {

constexpr std::size_t area_max = 1024, statement_max = 2048, certificate_max = 8 * 1024;
constexpr std::size_t secret_max = 1024, csr_max = 8 * 1024, log_max = 256 * 1024;
constexpr std::size_t nonce_max = 64, value_max = 48, registers_max = 24;

std::size_t base64_octets(std::size_t octets) {
  return (octets + 2) / 3 * 4;
}

// Base64 of at least one octet; where it may be left out, of none.
Bytes octets(ObjectReader& in, std::string_view key, std::size_t max, bool required = true) {
  const std::string text =
      required ? in.text(key, base64_octets(max)) : in.text_or(key, "", base64_octets(max));
  auto out = from_base64(text);
  if (!out) {
    in.refuse(key, "must be base64: " + out.error().message);
    return {};
  }
  if (required && out->empty()) in.refuse(key, "must not be empty");
  return std::move(*out);
}

std::vector<Bytes> values(ObjectReader& in) {
  std::vector<Bytes> out;
  for (const Json& item : in.array("values", registers_max)) {
    const std::string* text = item.text();
    auto value = text && text->size() <= 2 * value_max ? from_hex(*text) : Result<Bytes>(Bytes());
    if (!value || value->empty()) {
      in.refuse("values", "must be digests in hexadecimal, one for each register");
      return {};
    }
    out.push_back(std::move(*value));
  }
  return out;
}

Json json_of(const BootEvidence& boot) {
  auto list = Json::array();
  for (const Bytes& value : boot.values) list.push(to_hex(value));
  auto out = Json::object({{"quote", to_base64(boot.quote)},
                           {"signature", to_base64(boot.signature)},
                           {"values", std::move(list)}});
  if (!boot.event_log.empty()) out.set("event_log", to_base64(boot.event_log));
  return out;
}

BootEvidence evidence(ObjectReader& in) {
  BootEvidence out;
  out.quote = octets(in, "quote", statement_max);
  out.signature = octets(in, "signature", statement_max);
  out.values = values(in);
  out.event_log = octets(in, "event_log", log_max, false);
  return out;
}

Result<Json> object_of(std::string_view text) {
  return parse_json(text, {.bytes = attestation_bytes_max, .depth = 4});
}

}  // namespace

std::string to_text(const ChallengeAsk& ask) {
  auto out = Json::object({{"id", ask.id},
                           {"ek_public", to_base64(ask.ek_area)},
                           {"ak_public", to_base64(ask.ak_area)}});
  if (!ask.ek_certificate.empty()) out.set("ek_certificate", to_base64(ask.ek_certificate));
  return to_text(out);
}

std::string to_text(const ChallengeGiven& given) {
  return to_text(Json::object({{"credential_blob", to_base64(given.credential_blob)},
                               {"secret", to_base64(given.secret)},
                               {"nonce", to_base64(given.nonce)},
                               {"pcrs", given.pcrs}}));
}

std::string to_text(const AttestedEnrolment& e) {
  return to_text(Json::object({{"id", e.id},
                               {"secret", to_base64(e.secret)},
                               {"boot", json_of(e.boot)},
                               {"certify", to_base64(e.certify)},
                               {"certify_signature", to_base64(e.certify_signature)},
                               {"key_public", to_base64(e.key_area)},
                               {"csr", to_base64(e.csr)}}));
}

std::string to_text(const EvidenceAsk& ask) {
  return to_text(Json::object({{"nonce", to_base64(ask.nonce)}, {"pcrs", ask.pcrs}}));
}

std::string to_text(const BootEvidence& boot) {
  return to_text(json_of(boot));
}

std::string certificate_text(ByteView der) {
  return to_text(Json::object({{"certificate", to_base64(der)}}));
}

Result<ChallengeAsk> parse_challenge_ask(std::string_view text) {
  TRY(const Json json, object_of(text));
  ObjectReader in(json);
  ChallengeAsk out{.id = in.text("id", 64), .ek_area = {}, .ek_certificate = {}, .ak_area = {}};
  out.ek_area = octets(in, "ek_public", area_max);
  out.ek_certificate = octets(in, "ek_certificate", certificate_max, false);
  out.ak_area = octets(in, "ak_public", area_max);
  TRY_VOID(in.done());
  return out;
}

Result<ChallengeGiven> parse_challenge_given(std::string_view text) {
  TRY(const Json json, object_of(text));
  ObjectReader in(json);
  ChallengeGiven out;
  out.credential_blob = octets(in, "credential_blob", secret_max);
  out.secret = octets(in, "secret", secret_max);
  out.nonce = octets(in, "nonce", nonce_max);
  out.pcrs = in.text("pcrs", 128);
  TRY_VOID(in.done());
  return out;
}

Result<AttestedEnrolment> parse_attested_enrolment(std::string_view text) {
  TRY(const Json json, object_of(text));
  ObjectReader in(json);
  AttestedEnrolment out;
  out.id = in.text("id", 64);
  out.secret = octets(in, "secret", nonce_max);
  auto boot = in.child("boot");
  out.boot = evidence(boot);
  out.certify = octets(in, "certify", statement_max);
  out.certify_signature = octets(in, "certify_signature", statement_max);
  out.key_area = octets(in, "key_public", area_max);
  out.csr = octets(in, "csr", csr_max);
  TRY_VOID(in.done());
  TRY_VOID(boot.done());
  return out;
}

Result<EvidenceAsk> parse_evidence_ask(std::string_view text) {
  TRY(const Json json, object_of(text));
  ObjectReader in(json);
  EvidenceAsk out;
  out.nonce = octets(in, "nonce", nonce_max);
  out.pcrs = in.text("pcrs", 128);
  TRY_VOID(in.done());
  return out;
}

Result<BootEvidence> parse_boot_evidence(std::string_view text) {
  TRY(const Json json, object_of(text));
  ObjectReader in(json);
  BootEvidence out = evidence(in);
  TRY_VOID(in.done());
  return out;
}

Result<Bytes> parse_certificate_text(std::string_view text) {
  TRY(const Json json, object_of(text));
  ObjectReader in(json);
  Bytes out = octets(in, "certificate", certificate_max);
  TRY_VOID(in.done());
  return out;
}

}  // namespace muster::wire
