// Bills of materials: what an image is made of.
#include "exposure/internal/register.h"

#include <algorithm>

#include "advisory/package.h"
#include "crypto/hash.h"
#include "wire/sbom.h"

namespace muster::exposure {
namespace {

struct Packages {
  std::vector<std::string> purls;  // canonical order, each once
  std::size_t unnamed = 0;
};

Packages packages_of(const wire::Sbom& bill) {
  Packages out;
  for (const auto& component : bill.components) {
    if (!component.purl.empty() && component.purl.find('\n') == std::string::npos &&
        advisory::package_of(component.purl))
      out.purls.push_back(component.purl);
    else
      ++out.unnamed;
  }
  std::ranges::sort(out.purls);
  out.purls.erase(std::ranges::unique(out.purls).begin(), out.purls.end());
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line + '\n';
  return out;
}

}  // namespace

Result<Image> Exposure::put_bill(ModelId model, std::string version, std::string_view text,
                                 ledger::Actor by) {
  auto& r = *register_;
  if (!r.inventory.model(model))
    return fail(Fault::missing, "there is no model " + model.text(), "/model");
  if (version.empty() || version.size() > 64)
    return fail(Fault::invalid, "must be a version of 1 to 64 bytes, as devices report it",
                "/version");
  auto bill = wire::read_sbom(text, {.bytes = sbom_max});
  if (!bill) {
    const auto& [fault, message, field] = bill.error();
    return fail(fault, field.empty() ? message : "at " + field + ": " + message, "/document");
  }
  if (r.images.size() >= images_max && !r.numbers.contains({model, version}))
    return fail(Fault::exhausted, "100,000 images are known; no more are taken");
  const auto packages = packages_of(*bill);
  const ImageNumber number = r.number_of(model, version);
  auto affected = r.index.vulnerabilities_of(number);  // before, and after
  r.index.put_image(number, packages.purls);
  affected.merge(r.index.vulnerabilities_of(number));
  Image& image = r.images[number];
  image.format = std::string(name_of(bill->format)) + ' ' + bill->spec_version;
  image.serial = bill->serial;
  image.sha256 = to_hex(crypto::sha256(bytes_of(text)));
  image.imported = r.clock.now();
  image.components = bill->components.size();
  image.unnamed = packages.unnamed;
  auto& writer =
      r.ledger.record({std::move(by), "sbom.imported", "image/" + model.text() + '/' + version,
                       wire::Json::object({{"format", image.format},
                                           {"sha256", image.sha256},
                                           {"components", image.components},
                                           {"unnamed", image.unnamed}})});
  const std::string purls = joined(packages.purls);
  writer.write(
      "INSERT INTO exposure_image(model, version, format, serial, sha256, imported, components,"
      " unnamed, purls) VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(model, version) DO UPDATE SET"
      " format = excluded.format, serial = excluded.serial, sha256 = excluded.sha256,"
      " imported = excluded.imported, components = excluded.components,"
      " unnamed = excluded.unnamed, purls = excluded.purls",
      {model.text(), version, image.format, image.serial, image.sha256, millis(image.imported),
       static_cast<std::int64_t>(image.components), static_cast<std::int64_t>(image.unnamed),
       purls});
  for (const auto& id : affected) r.sync(id, writer);
  return r.shown(number);
}

std::vector<Image> Exposure::images() const {
  std::vector<Image> out;
  for (const auto& [key, number] : register_->numbers) out.push_back(register_->shown(number));
  return out;
}

bool Exposure::knows(const ModelId& model, std::string_view version) const {
  return register_->numbers.contains({model, std::string(version)});
}

}  // namespace muster::exposure
