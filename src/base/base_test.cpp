#include <catch2/catch.hpp>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "base/result.h"

namespace muster {

TEST_CASE("hexadecimal and base64 come back as they went, and refuse what is neither") {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 100; ++size) {
    Bytes octets(size);
    random.fill(octets);
    CHECK(from_hex(to_hex(octets)).value() == octets);
    CHECK(from_base64(to_base64(octets)).value() == octets);
    CHECK(from_base64(to_base64url(octets)).value() == octets);
  }
  CHECK(to_base64(bytes_of("fo")) == "Zm8=");
  CHECK(text_of(from_base64("Zm9v\r\nYmFy\n").value()) == "foobar");
  for (const char* bad : {"Z", "Zm8=x", "Zm=8", "Zm8===", "Zm8*"}) CHECK_FALSE(from_base64(bad));
  for (const char* bad : {"f", "0g"}) CHECK_FALSE(from_hex(bad));
}

TEST_CASE("a name is safe as topic level, URL segment, file name and common name") {
  for (const char* good : {"m", "meter-7", "A.b_c:d-9"}) CHECK(is_name(good));
  for (const char* bad : {"", "-m", ".m", "a/b", "a+b", "a#", "a b", "ä"})
    CHECK_FALSE(is_name(bad));
  CHECK(is_name(std::string(64, 'a')));
  CHECK_FALSE(is_name(std::string(65, 'a')));
  CHECK(DeviceId::parse("a/b", "/id").error().field == "/id");
}

TEST_CASE("times are written in UTC and read back to the millisecond") {
  for (std::int64_t ms : {0LL, 1LL, 951'782'400'123LL, 1'800'000'000'000LL, 4'102'444'799'999LL})
    CHECK(millis(parse_rfc3339(rfc3339(instant(ms))).value()) == ms);
  CHECK(rfc3339(instant(951'782'400'000)) == "2000-02-29T00:00:00.000Z");
  for (const char* bad :
       {"", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00.Z"})
    CHECK_FALSE(parse_rfc3339(bad));
}

TEST_CASE("durations need a unit and a bound") {
  CHECK(parse_duration("250ms").value() == 250ms);
  CHECK(parse_duration("7d").value() == 7 * 24h);
  for (Duration d : {Duration(250ms), Duration(90s), Duration(36h)})
    CHECK(parse_duration(show(d)).value() == d);
  for (const char* bad : {"", "5", "s", "-5s", "1.5h", "5 s", "99999999999999999999s", "40000d"})
    CHECK_FALSE(parse_duration(bad));
}

TEST_CASE("the same seed gives the same chance, within its bound") {
  SeededRandom a(7), b(7), c(8);
  CHECK(a.next() == b.next());
  CHECK(a.next() != c.next());
  for (int i = 0; i < 1000; ++i) {
    CHECK(a.below(3) < 3);
    const double unit = a.unit();
    CHECK((unit >= 0 && unit < 1));
  }
}

TEST_CASE("TRY hands on the first error and stops there") {
  auto half = [](int n) -> Result<int> {
    if (n % 2) return fail(Fault::invalid, "odd", "/n");
    return n / 2;
  };
  auto quarter = [&](int n) -> Result<int> {
    TRY(auto once, half(n));
    TRY(auto twice, half(once));
    return twice;
  };
  CHECK(quarter(8).value() == 2);
  CHECK(quarter(6).error().message == "odd");
  CHECK(quarter(6).error().field == "/n");
}

}  // namespace muster
