#include "advisory/version.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/test_process.h"

namespace muster::advisory {
namespace {

// Each version is newer than all before it.
void check_ascending(Scheme scheme, const std::vector<std::string>& versions) {
  for (std::size_t i = 0; i < versions.size(); ++i)
    for (std::size_t j = 0; j < versions.size(); ++j) {
      INFO(name_of(scheme) << ": " << versions[i] << " and " << versions[j]);
      CHECK((compare(scheme, versions[i], versions[j]) <=> 0) == (i <=> j));
    }
}

void check_equal(Scheme scheme, const std::vector<std::string>& versions) {
  for (const auto& a : versions)
    for (const auto& b : versions) {
      INFO(name_of(scheme) << ": " << a << " and " << b);
      CHECK((compare(scheme, a, b) == 0));
    }
}

}  // namespace

TEST_CASE("Debian's tilde comes before the end, letters before signs, and an epoch before all") {
  check_ascending(Scheme::deb, {"1.0~~", "1.0~~a", "1.0~", "1.0~rc1-1", "1.0", "1.0-0+b1", "1.0-1",
                                "1.0-1+deb12u1", "1.0-1+deb12u2", "1.0-10", "1.0a", "1.0+dfsg-1",
                                "1.0.1", "1.0.10", "1:0.1", "2:0"});
  check_equal(Scheme::deb, {"1.0", "0:1.0", "1.0-0", "01.0", "1.00"});
}

TEST_CASE("an order of RPM knows tilde, caret and epochs") {
  check_ascending(Scheme::rpm, {"1.0~rc1-1", "1.0-1", "1.0-2", "1.0-2.1", "1.0^20240101-1",
                                "1.0a-1", "1.0.1-1", "1.1-1", "1.10-1", "1:0.9-1"});
  check_equal(Scheme::rpm, {"1.0-1", "0:1.0-1", "1.00-01", "1_0-1"});
}

TEST_CASE("Alpine's suffixes come before and behind what they are on") {
  check_ascending(Scheme::apk,
                  {"1.2_alpha", "1.2_alpha1", "1.2_beta", "1.2_pre2", "1.2_rc1", "1.2", "1.2-r1",
                   "1.2-r10", "1.2_git20240101", "1.2_p1", "1.2a", "1.2.0", "1.2.1", "1.10"});
}

TEST_CASE("semver orders pre-releases before their release, and takes no notice of builds") {
  check_ascending(Scheme::semver,
                  {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
                   "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2", "1.10.0", "2"});
  check_equal(Scheme::golang, {"v1.2.0", "1.2", "1.2.0+incompatible"});
}

TEST_CASE("PEP 440 has development, pre- and post-releases, epochs and local versions") {
  check_ascending(Scheme::pypi, {"1.0.dev1", "1.0a1.dev2", "1.0a1", "1.0a2", "1.0b1", "1.0rc1",
                                 "1.0", "1.0+abc", "1.0+abc.5", "1.0+5", "1.0.post1.dev1",
                                 "1.0.post1", "1.1.dev1", "1.1", "1.10", "1!0.1"});
  check_equal(Scheme::pypi, {"1.0", "1", "v1.0.0", "1.0.0.0"});
  check_equal(Scheme::pypi, {"1.0rc1", "1.0-RC.1", "1.0c1", "1.0_preview_1"});
  check_equal(Scheme::pypi, {"1.0.post2", "1.0-2", "1.0.r2"});
}

TEST_CASE("Maven's words come before and behind a release, and zeros at the end say nothing") {
  check_ascending(Scheme::maven, {"1-alpha2snapshot",
                                  "1-alpha2",
                                  "1-alpha-123",
                                  "1-beta-2",
                                  "1-beta123",
                                  "1-m2",
                                  "1-m11",
                                  "1-rc",
                                  "1-cr2",
                                  "1-rc123",
                                  "1-SNAPSHOT",
                                  "1",
                                  "1-sp",
                                  "1-sp2",
                                  "1-sp123",
                                  "1-abc",
                                  "1-def",
                                  "1-pom-1",
                                  "1-1-snapshot",
                                  "1-1",
                                  "1-2",
                                  "1-123"});
  check_equal(Scheme::maven, {"1", "1.0", "1.0.0", "1-0", "1.0-0", "1-ga", "1.final", "1-release"});
  check_equal(Scheme::maven, {"1a1", "1-alpha-1"});
}

TEST_CASE("letters in a gem's version make it a pre-release") {
  check_ascending(Scheme::gem,
                  {"1.0.a", "1.0.a.2", "1.0.b1", "1.0.rc1", "1.0", "1.0.1.a", "1.0.1", "1.1"});
  check_equal(Scheme::gem, {"1.0", "1", "1.0.0"});
}

TEST_CASE("OpenSSL's letters, dates and plain text have orders of their own") {
  check_ascending(Scheme::openssl, {"0.9.8", "0.9.8a", "0.9.8z", "0.9.8za", "1.0.2-beta1", "1.0.2",
                                    "1.0.2a", "3.0.0-alpha1", "3.0.0"});
  check_ascending(Scheme::datetime,
                  {"2023-12-31T23:59:59Z", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.09Z",
                   "2024-01-01T00:00:00.1Z", "2024-03-01T00:00:00+02:00", "2024-02-29T23:00:00Z"});
  check_ascending(Scheme::generic, {"1.0-beta", "1.2", "1.10", "2"});
}

TEST_CASE("Debian versions have the order that dpkg gives them") {
  SeededRandom random{5};
  constexpr std::string_view letters = "0012359aAzZ.+~";
  const auto text = [&](std::uint64_t longest) {  // dpkg wants a digit first
    std::string out(1, letters[random.below(7)]);
    for (std::uint64_t n = random.below(longest); n > 0; --n)
      out += letters[random.below(letters.size())];
    return out;
  };
  const auto version = [&] {
    std::string out = random.below(4) == 0 ? std::to_string(random.below(3)) + ':' : "";
    out += text(6);
    return random.below(2) == 0 ? out + '-' + text(4) : out;
  };
  const auto dpkg = [](const std::string& a, const char* relation, const std::string& b) {
    std::vector<std::string> words{"dpkg", "--compare-versions", a, relation, b};
    return exit_code_of(start_quietly(words)) == 0;
  };
  for (int i = 0; i < 150; ++i) {
    const std::string a = version();
    std::string b = random.below(2) == 0 ? version() : a;
    if (random.below(2) == 0) b += letters[random.below(letters.size())];
    INFO(a << " and " << b);
    CHECK((compare(Scheme::deb, a, b) <= 0) == dpkg(a, "le", b));
    CHECK((compare(Scheme::deb, a, b) >= 0) == dpkg(a, "ge", b));
  }
}

TEST_CASE("every scheme has an order for what it would not allow") {
  SeededRandom random{11};
  const std::string_view letters = "0123456789abz.-_~^+:!v *\x80";
  const auto text = [&] {
    std::string out;
    for (std::uint64_t n = random.below(12); n > 0; --n)
      out += letters[random.below(letters.size())];
    return out;
  };
  for (int i = 0; i < 3'000; ++i) {
    const std::string a = text(), b = text();
    for (int s = 0; s <= static_cast<int>(Scheme::lexicographic); ++s) {
      const auto scheme = static_cast<Scheme>(s);
      INFO(name_of(scheme) << ": '" << a << "' and '" << b << "'");
      CHECK((compare(scheme, a, a) == 0));
      CHECK((compare(scheme, a, b) <=> 0) == (0 <=> compare(scheme, b, a)));
    }
  }
}

}  // namespace muster::advisory
