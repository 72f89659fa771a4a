#include "advisory/bundle.h"

#include "base/id.h"
#include "wire/update.h"

namespace muster::advisory {

using wire::Json;

wire::Json to_json(const Bundle& b) {
  return Json::object({{"_type", "muster-advisories"},
                       {"feed", b.feed},
                       {"sequence", b.sequence},
                       {"published", rfc3339(b.published)},
                       {"sha256", b.sha256},
                       {"size", b.size}});
}

Result<Bundle> read_bundle(const Json& content) {
  wire::ObjectReader in(content);
  if (in.text("_type", 64) != "muster-advisories") in.refuse("_type", "must be muster-advisories");
  Bundle out;
  out.feed = in.text("feed", 64);
  if (!is_name(out.feed)) in.refuse("feed", "must be a name of 1 to 64 letters, digits, . _ : -");
  out.sequence = static_cast<std::uint64_t>(
      in.integer("sequence", 1, static_cast<std::int64_t>(wire::sequence_max)));
  out.published = in.time("published");
  out.sha256 = in.text("sha256", 64);
  if (!wire::is_sha256_hex(out.sha256))
    in.refuse("sha256", "must be 64 lower-case hexadecimal digits");
  out.size = static_cast<std::uint64_t>(in.integer("size", 0, std::int64_t{1} << 40));
  TRY_VOID(in.done());
  return out;
}

}  // namespace muster::advisory
