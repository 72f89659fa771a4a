#include "exposure/exposure.h"

#include <algorithm>

#include "exposure/internal/register.h"

namespace muster::exposure {
namespace {

constexpr const char* steps[] = {
    "CREATE TABLE exposure_image(model TEXT NOT NULL, version TEXT NOT NULL, format TEXT NOT NULL,"
    " serial TEXT NOT NULL, sha256 TEXT NOT NULL, imported INTEGER NOT NULL,"
    " components INTEGER NOT NULL, unnamed INTEGER NOT NULL, purls TEXT NOT NULL,"
    " PRIMARY KEY(model, version)) WITHOUT ROWID;"
    "CREATE TABLE exposure_key(id TEXT PRIMARY KEY, feed TEXT NOT NULL, pem TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE exposure_feed(name TEXT PRIMARY KEY, sequence INTEGER NOT NULL,"
    " published INTEGER NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,"
    " imported INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE exposure_document(feed TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY(feed, name));"
    "CREATE TABLE exposure_finding(vulnerability TEXT NOT NULL, model TEXT NOT NULL,"
    " version TEXT NOT NULL, found INTEGER NOT NULL,"
    " PRIMARY KEY(vulnerability, model, version)) WITHOUT ROWID;"
    "CREATE TABLE exposure_exception(id INTEGER PRIMARY KEY, vulnerability TEXT NOT NULL,"
    " model TEXT NOT NULL, owner TEXT NOT NULL, reason TEXT NOT NULL, until INTEGER NOT NULL,"
    " made INTEGER NOT NULL, ended INTEGER NOT NULL);"
    "CREATE TABLE exposure_policy(one INTEGER PRIMARY KEY CHECK(one = 1), body TEXT NOT NULL);"};

}  // namespace

Result<Exposure> Exposure::open(store::Store& store, ledger::Ledger& ledger,
                                inventory::Inventory& inventory, const Clock& clock) {
  TRY_VOID(store.migrate("exposure", steps));
  auto made = std::make_unique<Register>(store, ledger, inventory, clock);
  TRY_VOID(made->load());
  made->follow_fleet();
  return Exposure(std::move(made));
}

Exposure::Exposure(std::unique_ptr<Register> r) : register_(std::move(r)) {}
Exposure::Exposure(Exposure&&) noexcept = default;
Exposure::~Exposure() = default;

Result<void> Exposure::Register::load() {
  TRY_VOID(load_images());
  TRY_VOID(load_feeds());
  TRY_VOID(load_documents());
  TRY_VOID(load_findings());
  return load_policy();
}

Result<void> Exposure::Register::load_images() {
  auto rows = store.read(
      "SELECT model, version, format, serial, sha256, imported, components, unnamed, purls"
      " FROM exposure_image");
  while (rows.next()) {
    TRY(const auto model, ModelId::parse(rows.text(0)));
    const ImageNumber number = number_of(model, rows.text(1));
    Image& image = images[number];
    image.format = rows.text(2);
    image.serial = rows.text(3);
    image.sha256 = rows.text(4);
    image.imported = instant(rows.integer(5));
    image.components = static_cast<std::size_t>(rows.integer(6));
    image.unnamed = static_cast<std::size_t>(rows.integer(7));
    std::vector<std::string> purls;
    const std::string joined = rows.text(8);
    for (std::string_view rest = joined; !rest.empty();) {
      const auto line = std::min(rest.find('\n'), rest.size());
      purls.emplace_back(rest.substr(0, line));
      rest.remove_prefix(std::min(line + 1, rest.size()));
    }
    index.put_image(number, purls);
  }
  return {};
}

Result<void> Exposure::Register::load_feeds() {
  auto rows = store.read("SELECT id, feed, pem FROM exposure_key");
  while (rows.next()) {
    TRY(auto key, crypto::PublicKey::from_pem(rows.text(2)));
    keys.emplace(rows.text(0),
                 TrustedKey{{rows.text(1), rows.text(0), rows.text(2)}, std::move(key)});
  }
  auto told =
      store.read("SELECT name, sequence, published, sha256, size, imported FROM exposure_feed");
  while (told.next())
    feeds.emplace(told.text(0),
                  Feed{.last = {.feed = told.text(0),
                                .sequence = static_cast<std::uint64_t>(told.integer(1)),
                                .published = instant(told.integer(2)),
                                .sha256 = told.text(3),
                                .size = static_cast<std::uint64_t>(told.integer(4))},
                       .imported = instant(told.integer(5))});
  return {};
}

Result<void> Exposure::Register::load_documents() {
  auto rows = store.read("SELECT feed, name, text FROM exposure_document");
  while (rows.next()) {
    auto document = advisory::read_document(rows.text(2), {.bytes = bundle_max});
    if (!document)
      return fail(Fault::corrupt, "advisory " + rows.text(1) +
                                      " in the store does not read: " + document.error().message);
    index.put_document(rows.text(0) + '/' + rows.text(1), std::move(*document));
    ++feeds[rows.text(0)].documents;
  }
  return {};
}

Result<void> Exposure::Register::load_findings() {
  auto rows = store.read("SELECT vulnerability, model, version, found FROM exposure_finding");
  while (rows.next()) {
    TRY(const auto model, ModelId::parse(rows.text(1)));
    const auto at = numbers.find({model, rows.text(2)});
    if (at != numbers.end()) found[rows.text(0)][at->second] = instant(rows.integer(3));
  }
  auto told = store.read(
      "SELECT id, vulnerability, model, owner, reason, until, made, ended FROM exposure_exception"
      " ORDER BY id");
  while (told.next()) {
    Exception e{.id = static_cast<std::uint64_t>(told.integer(0)),
                .vulnerability = told.text(1),
                .owner = told.text(3),
                .reason = told.text(4),
                .until = instant(told.integer(5)),
                .made = instant(told.integer(6)),
                .ended = told.integer(7) != 0};
    if (!told.text(2).empty()) {
      TRY(e.model, ModelId::parse(told.text(2)));
    }
    exceptions.push_back(std::move(e));
  }
  return {};
}

Result<void> Exposure::Register::load_policy() {
  auto rows = store.read("SELECT body FROM exposure_policy");
  if (!rows.next()) return {};
  TRY(const auto body, wire::parse_json(rows.text(0)));
  TRY(policy, read_policy(body));
  return {};
}

void Exposure::Register::follow_fleet() {
  std::string after;
  do {
    const auto page = inventory.page(inventory::Selector::everything(), {}, "", after, 1'000'000);
    for (const auto* device : page.devices) fleet.follow(*device);
    after = page.next;
  } while (!after.empty());
  inventory.on_change([this](const inventory::Device& device, inventory::Change change) {
    if (change != inventory::Change::presence) fleet.follow(device);
  });
  inventory.on_model([this](const inventory::Model& model) { fleet.follow_all(model.id); });
}

ImageNumber Exposure::Register::number_of(const ModelId& model, const std::string& version) {
  const auto [at, fresh] =
      numbers.try_emplace({model, version}, static_cast<ImageNumber>(images.size()));
  if (fresh) images.push_back({.model = model, .version = version});
  return at->second;
}

Image Exposure::Register::shown(ImageNumber number) const {
  Image out = images[number];
  const auto* running = fleet.running(out.model, out.version);
  out.devices = running ? running->devices.size() : 0;
  return out;
}

}  // namespace muster::exposure
