#include "wire/sbom.h"

#include <catch2/catch.hpp>

namespace muster::wire {
namespace {

const std::string cyclonedx = R"({"bomFormat":"CycloneDX","specVersion":"1.6",
 "serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,
 "metadata":{"timestamp":"2026-11-22T04:50:21+01:00",
  "component":{"type":"firmware","name":"meter","version":"1.4.2","bom-ref":"top"}},
 "components":[
  {"type":"library","bom-ref":"ssl","group":"org","name":"openssl","version":"3.0.11-1",
   "purl":"pkg:deb/debian/openssl@3.0.11-1?distro=debian-12",
   "hashes":[{"alg":"SHA-256","content":"f498a8ff2dd007e29c2074f5e4b01a9a01775c3ff3aeaf6906ea503bc5791b7b"}],
   "licenses":[{"license":{"id":"Apache-2.0"}}],
   "components":[{"type":"file","name":"libssl.so.3"}]},
  {"type":"application","name":"metering","scope":"required"}],
 "dependencies":[{"ref":"top","dependsOn":["ssl"]}]})";

const std::string spdx = R"({"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"meter",
 "dataLicense":"CC0-1.0","documentNamespace":"https://example.org/meter-1.4.2",
 "creationInfo":{"created":"2026-11-22T04:50:21Z","creators":["Tool: x"]},
 "packages":[
  {"SPDXID":"SPDXRef-meter","name":"meter","versionInfo":"1.4.2","downloadLocation":"NOASSERTION",
   "primaryPackagePurpose":"OPERATING_SYSTEM"},
  {"SPDXID":"SPDXRef-busybox","name":"busybox","versionInfo":"1.36.1-r2","downloadLocation":"NONE",
   "externalRefs":[
    {"referenceCategory":"SECURITY","referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a:b:c:1"},
    {"referenceCategory":"PACKAGE-MANAGER","referenceType":"purl",
     "referenceLocator":"pkg:apk/alpine/busybox@1.36.1-r2"}]}],
 "relationships":[{"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES",
  "relatedSpdxElement":"SPDXRef-meter"}]})";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

void check_refused(const std::string& text, const std::string& field, const std::string& why) {
  const auto read = read_sbom(text);
  INFO(field << ' ' << why);
  REQUIRE_FALSE(read);
  CHECK(read.error().field == field);
  CHECK_THAT(read.error().message, Catch::Contains(why));
}

}  // namespace

TEST_CASE("a CycloneDX document tells its subject and all its components, however deep") {
  const auto bill = expect(read_sbom(cyclonedx));
  CHECK(bill.format == SbomFormat::cyclonedx);
  CHECK(bill.spec_version == "1.6");
  CHECK(bill.subject.name == "meter");
  CHECK(bill.subject.version == "1.4.2");
  REQUIRE(bill.components.size() == 3);
  CHECK(bill.components[0].purl == "pkg:deb/debian/openssl@3.0.11-1?distro=debian-12");
  CHECK(bill.components[0].group == "org");
  CHECK(bill.components[1].name == "libssl.so.3");
  CHECK(bill.components[2].name == "metering");
}

TEST_CASE("an SPDX document tells its packages, and which of them it describes") {
  const auto bill = expect(read_sbom(spdx));
  CHECK(bill.format == SbomFormat::spdx);
  CHECK(bill.subject.name == "meter");
  CHECK(bill.subject.type == "operating-system");
  REQUIRE(bill.components.size() == 1);
  CHECK(bill.components[0].purl == "pkg:apk/alpine/busybox@1.36.1-r2");
  CHECK(bill.components[0].cpe == "cpe:2.3:a:b:c:1");
}

TEST_CASE("a bill of materials that breaks a rule is refused with the place and the reason") {
  check_refused(with(cyclonedx, "\"1.6\"", "\"2.0\""), "/specVersion", "1.4, 1.5, 1.6");
  check_refused(with(cyclonedx, "urn:uuid:3", "urn:uuid:x"), "/serialNumber", "UUID");
  check_refused(with(cyclonedx, "T04:50:21+01:00", ""), "/metadata/timestamp", "date and time");
  check_refused(with(cyclonedx, "\"type\":\"file\"", "\"type\":\"fil\""),
                "/components/0/components/0/type", "must be one of");
  check_refused(with(cyclonedx, "\"name\":\"metering\"", "\"name\":7"), "/components/1/name",
                "string");
  check_refused(with(cyclonedx, "\"bom-ref\":\"ssl\"", "\"bom-ref\":\"top\""),
                "/components/0/bom-ref", "two components");
  check_refused(with(cyclonedx, "f498", "x498"), "/components/0/hashes/0/content", "hexadecimal");
  check_refused(with(cyclonedx, "\"id\":", "\"name\":\"x\",\"id\":"),
                "/components/0/licenses/0/license", "not both");
  check_refused(with(cyclonedx, "\"ref\":\"top\"", "\"ref\":\"\""), "/dependencies/0/ref",
                "character");
  check_refused(with(cyclonedx, "\"version\":1,", "\"version\":0,"), "/version", "at least 1");
  check_refused(with(spdx, "SPDX-2.3", "SPDX-3.0"), "/spdxVersion", "SPDX-2.3");
  check_refused(with(spdx, "SPDXRef-busybox", "SPDXRef-meter"), "/packages/1/SPDXID",
                "two packages");
  check_refused(with(spdx, "\"referenceType\":\"purl\",", ""),
                "/packages/1/externalRefs/1/referenceType", "missing");
  check_refused("{}", "", "neither CycloneDX");
  check_refused("[]", "", "JSON object");
  check_refused("<bom/>", "", "not JSON");
}

TEST_CASE("a bill of materials has a limit to its size, its components and their depth") {
  CHECK_FALSE(read_sbom(cyclonedx, {.bytes = 100}));
  CHECK_FALSE(read_sbom(cyclonedx, {.components = 2}));
  CHECK_FALSE(read_sbom(spdx, {.components = 1}));
  const auto deep = read_sbom(cyclonedx, {.nesting = 1});
  REQUIRE_FALSE(deep);
  CHECK(deep.error().field == "/components/0/components");
}

}  // namespace muster::wire
