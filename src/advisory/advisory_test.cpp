#include "advisory/advisory.h"

#include <catch2/catch.hpp>

#include "advisory/package.h"

namespace muster::advisory {
namespace {

const std::string osv =
    R"({"schema_version":"1.6.0","id":"DSA-5532-1","modified":"2024-09-01T10:00:00.5Z",
 "upstream":["CVE-2023-5363"],"summary":"openssl - key length",
 "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"},
             {"type":"CVSS_V4","score":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"}],
 "affected":[
  {"package":{"ecosystem":"Debian:12","name":"openssl"},
   "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"3.0.11-1~deb12u2"}]}]},
  {"package":{"ecosystem":"npm","name":"@Acme/core"},
   "ranges":[{"type":"SEMVER","events":[{"introduced":"2.0.0"},{"last_affected":"2.1.0"},{"introduced":"3.0.0"}]},
             {"type":"GIT","repo":"https://x","events":[{"introduced":"0"}]}],
   "versions":["1.0.0-odd"]},
  {"package":{"ecosystem":"Maven","name":"org.acme:core"},"versions":["1.0"]},
  {"package":{"ecosystem":"Amiga","name":"workbench"}}]})";

const std::string csaf = R"({"document":{"category":"csaf_vex","csaf_version":"2.0","title":"x",
  "publisher":{"category":"vendor","name":"Acme PSIRT","namespace":"https://acme.example"},
  "tracking":{"id":"ACME-1","current_release_date":"2026-01-02T03:04:05+01:00","version":"1"}},
 "product_tree":{"branches":[{"category":"vendor","name":"Acme","branches":[
   {"category":"product_version","name":"1.2","product":{"product_id":"A","name":"a",
     "product_identification_helper":{"purl":"pkg:apk/alpine/busybox@1.36.1-r2?distro=alpine-3.18.4"}}},
   {"category":"product_version_range","name":"vers:deb/<3.0.2","product":{"product_id":"B","name":"b",
     "product_identification_helper":{"purl":"pkg:deb/debian/openssl"}}},
   {"category":"product_name","name":"meter","product":{"product_id":"M","name":"meter"}}]}],
  "relationships":[{"category":"default_component_of","product_reference":"A",
   "relates_to_product_reference":"M","full_product_name":{"product_id":"A:M","name":"a in m"}}]},
 "vulnerabilities":[{"cve":"CVE-2026-1","title":"t",
  "product_status":{"known_not_affected":["A:M"],"known_affected":["B","M"],"fixed":["A"]},
  "flags":[{"label":"vulnerable_code_not_present","product_ids":["A:M"]}],
  "scores":[{"products":["B"],"cvss_v3":{"version":"3.1",
   "vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","baseScore":9.8,"baseSeverity":"CRITICAL"}}]}]})";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

Match matched(const Advisory& advisory, std::string_view purl) {
  const auto package = expect(package_of(purl));
  Match best = Match::none;
  for (const auto& affected : advisory.affected)
    for (const auto& named : package.names())
      best = std::max(best, match(affected, named, package.release));
  return best;
}

}  // namespace

TEST_CASE("an OSV record says which versions of which packages are vulnerable") {
  const auto document = expect(read_document(osv));
  REQUIRE(document.advisories.size() == 1);
  const auto& advisory = document.advisories[0];
  CHECK(advisory.id == "DSA-5532-1");
  CHECK(advisory.vulnerability() == "CVE-2023-5363");
  CHECK(advisory.score == 75);
  CHECK(advisory.severity == Severity::high);
  CHECK(millis(advisory.modified) == 1'725'184'800'500);
  CHECK(document.left_out == 1);
  CHECK(document.unknown == std::vector<std::string>{"Amiga"});
  CHECK(advisory.affected[0].fixed == std::vector<std::string>{"3.0.11-1~deb12u2"});

  const std::string deb = "pkg:deb/debian/openssl@";
  CHECK(matched(advisory, deb + "3.0.11-1~deb12u1?distro=debian-12") == Match::certain);
  CHECK(matched(advisory, deb + "3.0.11-1~deb12u1?distro=bookworm") == Match::certain);
  CHECK(matched(advisory, deb + "3.0.11-1~deb12u1") == Match::uncertain);
  CHECK(matched(advisory, deb + "3.0.11-1~deb12u1?distro=debian-11") == Match::none);
  CHECK(matched(advisory, deb + "3.0.11-1~deb12u2?distro=debian-12") == Match::none);
  CHECK(matched(advisory, "pkg:deb/ubuntu/openssl@1.0") == Match::none);
  // The library is named by its own package, the advisory speaks of its source.
  CHECK(matched(advisory, "pkg:deb/debian/libssl3@3.0.9-1?distro=debian-12&upstream=openssl") ==
        Match::certain);
  CHECK(matched(advisory, "pkg:deb/debian/libssl3@9?distro=debian-12&upstream=openssl%403.0.9-1") ==
        Match::certain);
  for (const auto& [version, expected] : {std::pair("1.9.9", Match::none),
                                          {"2.0.0", Match::certain},
                                          {"2.1.0", Match::certain},
                                          {"2.1.1", Match::none},
                                          {"3.0.0", Match::certain},
                                          {"1.0.0-odd", Match::certain}})
    CHECK(matched(advisory, std::string("pkg:npm/%40acme/core@") + version) == expected);
  CHECK(matched(advisory, "pkg:maven/org.acme/core@1.0") == Match::certain);
}

TEST_CASE("an OSV record without an end to its range speaks of every version") {
  const auto open = with(osv, R"(,{"fixed":"3.0.11-1~deb12u2"})", "");
  const auto advisory = expect(read_document(open)).advisories[0];
  CHECK(matched(advisory, "pkg:deb/debian/openssl@99?distro=debian-12") == Match::certain);
}

TEST_CASE("a CSAF document gives advisories and statements about products with a purl") {
  const auto document = expect(read_document(csaf));
  REQUIRE(document.advisories.size() == 1);
  const auto& advisory = document.advisories[0];
  CHECK(advisory.id == "CVE-2026-1");
  CHECK(advisory.score == 98);
  REQUIRE(advisory.affected.size() == 1);
  CHECK(matched(advisory, "pkg:deb/debian/openssl@3.0.1") == Match::certain);
  CHECK(matched(advisory, "pkg:deb/debian/openssl@3.0.2") == Match::none);
  CHECK(document.left_out == 1);
  REQUIRE(document.statements.size() == 2);
  const auto& statement = document.statements[0];
  CHECK(statement.status == Status::not_affected);
  CHECK(statement.package == "apk/alpine/busybox");
  CHECK(statement.version == "1.36.1-r2");
  CHECK(statement.justification == "vulnerable_code_not_present");
  CHECK(statement.author == "Acme PSIRT");
  CHECK(rfc3339(statement.at) == "2026-01-02T02:04:05.000Z");
  CHECK(document.statements[1].status == Status::fixed);
}

TEST_CASE("CISA's catalogue and EPSS scores are read") {
  const auto kev = expect(read_document(
      R"({"catalogVersion":"2026.01.01","vulnerabilities":[{"cveID":"CVE-2026-1","vulnerabilityName":"n",)"
      R"("dateAdded":"2026-01-01","dueDate":"2026-01-22","knownRansomwareCampaignUse":"Known"}]})"));
  REQUIRE(kev.exploited.size() == 1);
  CHECK(kev.exploited[0].ransomware);
  CHECK(kev.exploited[0].due == "2026-01-22");
  const auto epss = expect(
      read_document(R"({"data":[{"cve":"CVE-2026-1","epss":"0.97321","percentile":"0.99"}]})"));
  CHECK(epss.likelihoods.at(0).permille == 973);
}

TEST_CASE("an advisory that cannot be understood is refused with the place and the reason") {
  for (const auto& [text, field] :
       {std::pair(with(osv, "DSA-5532-1", "../x"), "/id"),
        {with(osv, "2024-09-01T10", "2024-09-01 10"), "/modified"},
        {with(osv, "AV:N/AC", "AV:Z/AC"), "/severity/0/score"},
        {with(osv, "\"SEMVER\"", "\"TAROT\""), "/affected/1/ranges/0/type"},
        {with(osv, "{\"introduced\":\"2.0.0\"}", "{\"began\":\"2\"}"),
         "/affected/1/ranges/0/events/0"},
        {with(osv, "\"1.0.0-odd\"", "7"), "/affected/1/versions/0"},
        {with(csaf, "\"2.0\"", "\"1.2\""), "/document/csaf_version"},
        {with(csaf, "vers:deb", "vers:tarot"), "/product_tree/branches/0/branches/1/name"},
        {with(csaf, "\"product_id\":\"B\"", "\"product_id\":\"A\""),
         "/product_tree/branches/0/branches/1/product/product_id"},
        {with(csaf, "[\"A:M\"],\"known", "[\"Z\"],\"known"),
         "/vulnerabilities/0/product_status/known_not_affected/0"},
        {std::string(R"({"data":[{"cve":"CVE-1","epss":"1.5"}]})"), "/data/0/epss"},
        {std::string(R"({"catalogVersion":"1","vulnerabilities":[{}]})"),
         "/vulnerabilities/0/cveID"},
        {std::string("{}"), ""}}) {
    const auto refused = read_document(text);
    INFO(field);
    REQUIRE_FALSE(refused);
    INFO(refused.error().message);
    CHECK(refused.error().field == field);
  }
  CHECK_FALSE(read_document(osv, {.affected = 2}));
  CHECK_FALSE(read_document(csaf, {.products = 2}));
  CHECK_FALSE(package_of("pkg:deb/debian/openssl"));
}

}  // namespace muster::advisory
