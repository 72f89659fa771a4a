#include <algorithm>

#include "crypto/certificate.h"
#include "crypto/internal/test_openssl_tool.h"
#include "vectors.h"

using namespace muster;
using namespace muster::crypto;
using wire::Json;

namespace {

// Cases that tell no time are valid from 1970 to 2969.
constexpr Instant any_time = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);

struct Case {
  std::string id, leaf, host;
  bool host_is_address = false, accepted = false;
  std::vector<std::string> anchors, intermediates;
  Instant at = any_time;
  int used_max = intermediates_used_max;
};

std::vector<std::string> texts_in(const Json& object, std::string_view key) {
  std::vector<std::string> out;
  for (const Json& item : *object.find(key)->items()) out.push_back(*item.text());
  return out;
}

Case read_case(const Json& json) {
  Case out{.id = text_in(json, "id"),
           .leaf = text_in(json, "peer_certificate"),
           .host = text_in(*json.find("expected_peer_name"), "value"),
           .host_is_address = text_in(*json.find("expected_peer_name"), "kind") == "IP",
           .accepted = text_in(json, "expected_result") == "SUCCESS",
           .anchors = texts_in(json, "trusted_certs"),
           .intermediates = texts_in(json, "untrusted_intermediates")};
  if (const std::string* time = json.find("validation_time")->text()) {
    REQUIRE(time->ends_with("+00:00"));
    out.at = expect(parse_rfc3339(time->substr(0, time->size() - 6) + "Z"));
  }
  if (const std::int64_t* depth = json.find("max_chain_depth")->integer())
    out.used_max = static_cast<int>(std::min<std::int64_t>(*depth, intermediates_used_max));
  REQUIRE(text_in(json, "validation_kind") == "SERVER");
  return out;
}

Result<std::vector<Certificate>> read_all(const std::vector<std::string>& pems) {
  std::vector<Certificate> out;
  for (const std::string& pem : pems) {
    TRY(auto certificates, parse_certificates_pem(pem));
    out.insert(out.end(), certificates.begin(), certificates.end());
  }
  return out;
}

// As a client of ours takes a server.
Result<void> ours(const Case& c) {
  TRY(const auto anchors, read_all(c.anchors));
  TRY(const auto intermediates, read_all(c.intermediates));
  TRY(const auto leaf, parse_certificates_pem(c.leaf));
  TRY_VOID(verify_chain(leaf.front(), intermediates, anchors, Use::server, c.at, c.used_max));
  return verify_server_name(leaf.front(), c.host);
}

bool openssl_accepts(OpensslTool& tool, const Case& c) {
  std::string anchors, intermediates;
  for (const std::string& pem : c.anchors) anchors += pem;
  for (const std::string& pem : c.intermediates) intermediates += pem;
  tool.put("anchors.pem", anchors);
  tool.put("leaf.pem", c.leaf);
  std::vector<std::string> arguments = {"verify",
                                        "-x509_strict",
                                        "-purpose",
                                        "sslserver",
                                        "-no-CApath",
                                        "-no-CAstore",
                                        "-CAfile",
                                        "anchors.pem",
                                        "-attime",
                                        std::to_string(millis(c.at) / 1000),
                                        "-verify_depth",
                                        std::to_string(c.used_max),
                                        c.host_is_address ? "-verify_ip" : "-verify_hostname",
                                        c.host};
  if (!intermediates.empty()) {
    tool.put("intermediates.pem", intermediates);
    arguments.insert(arguments.end(), {"-untrusted", "intermediates.pem"});
  }
  arguments.push_back("leaf.pem");
  return tool.run(arguments);
}

struct Disagreement {
  std::string_view id;
  bool accepted;  // by us; limbo says the other
  std::string_view why;
};

constexpr std::string_view no_rsa = "no RSA";

// Argued in docs/reference/path-validation.md.
constexpr Disagreement disagreements[] = {
    {"pathlen::validation-ignores-pathlen-in-leaf", false, "a CA is no server"},
    {"pathlen::max-chain-depth-1-self-issued", false,
     "a self-issued certificate counts as any other"},
    {"rfc5280::eku::ee-without-eku", false, "a leaf says what it is for"},
    {"rfc5280::nc::permitted-dn-match", false, "a server is named by its alternative names"},
    {"webpki::nc::permitted-dns-match-noncritical", false,
     "RFC 5280 wants name constraints critical"},
    {"webpki::eku::ee-critical-eku", true, "RFC 5280 lets an extended key usage be critical"},
    {"webpki::eku::root-has-eku", true, "an anchor may say less than everything"},
    {"webpki::san::san-critical-with-nonempty-subject", true,
     "RFC 5280 advises, and does not forbid"},
    {"webpki::cryptographydotio-chain", false, no_rsa},
    {"online::akamai.com", false, no_rsa},
    {"online::bing.com", false, no_rsa},
    {"online::fastly.com", false, no_rsa},
    {"online::s3.amazonaws.com", false, no_rsa},
    {"online::aws.amazon.com", false, no_rsa},
    {"online::docs.python.org", false, no_rsa},
    {"online::amazon.com", false, no_rsa},
    {"online::facebook.com", false, no_rsa},
    {"online::google.com", false, no_rsa},
    {"online::storage.googleapis.com", false, no_rsa},
    {"online::cloudflare.com", false, no_rsa},
    {"online::microsoft.com", false, no_rsa},
};

std::vector<Case> read_cases() {
  const Json limbo = vectors("limbo.json");
  std::vector<Case> out;
  if (limbo.is_null()) return out;
  for (const Json& json : *limbo.find("testcases")->items()) out.push_back(read_case(json));
  REQUIRE(out.size() >= 135);
  return out;
}

}  // namespace

TEST_CASE("every case of x509-limbo is judged as it says, or as our table says", "[limbo]") {
  std::size_t met = 0;
  for (const Case& c : read_cases()) {
    const auto verdict = ours(c);
    const auto known = std::ranges::find(disagreements, c.id, &Disagreement::id);
    INFO(c.id << ": " << (verdict ? "accepted" : verdict.error().message));
    if (known == std::end(disagreements)) {
      CHECK(verdict.has_value() == c.accepted);
      continue;
    }
    ++met;
    CHECK(verdict.has_value() == known->accepted);
    CHECK(c.accepted != known->accepted);  // else the row is to go
    if (known->why == no_rsa) {
      REQUIRE_FALSE(verdict);
      CHECK(verdict.error().message.find("RSA") != std::string::npos);
    }
  }
  CHECK((met == 0 || met == std::size(disagreements)));
}

TEST_CASE("nothing that openssl verify -x509_strict refuses is accepted", "[limbo]") {
  OpensslTool tool;
  for (const Case& c : read_cases()) {
    INFO(c.id);
    if (ours(c)) CHECK(openssl_accepts(tool, c));
  }
}

TEST_CASE("every disagreement with x509-limbo is named in the documentation", "[limbo]") {
  const std::string text =
      whole_file(std::filesystem::path(MUSTER_DOCS) / "reference/path-validation.md");
  for (const Disagreement& one : disagreements) {
    INFO(one.id);
    CHECK(text.find("`" + std::string(one.id) + "`") != std::string::npos);
  }
}
