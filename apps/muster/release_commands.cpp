#include <chrono>
#include <optional>

#include "base/file.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "muster/commands.h"
#include "muster/publishing.h"
#include "muster/tree.h"
#include "pkcs11/token.h"
#include "wire/update.h"

namespace muster {
namespace {

using wire::Json;

struct Options {
  std::string model, version, file, key, name, repository, floor_reason, from_dir;
  std::vector<std::string> targets_keys;
  int targets_days = 90;
  std::optional<std::int64_t> sequence, floor;
};

const std::vector<Column> release_columns{{"ID", "id"},
                                          {"MODEL", "model"},
                                          {"VERSION", "version"},
                                          {"SEQUENCE", "sequence"},
                                          {"SIZE", "size"},
                                          {"PUBLISHED", "published_at"},
                                          {"SIGNED BY", "signed_by"}};

constexpr std::uint64_t artifact_max = 4ULL << 30;  // the controller's limit
constexpr std::int64_t sequence_max = std::int64_t{1} << 53;

// Nothing that was given is taken for not given.
Result<void> check(const Options& o) {
  for (const auto& [option, value] : {std::pair{"--model", &o.model}, {"--version", &o.version}})
    if (value->empty()) return fail(Fault::invalid, "is needed", option);
  if (!o.targets_keys.empty() && o.repository.empty())
    return fail(Fault::invalid, "needs --repository, whose targets it signs", "--targets-key");
  if (o.file.empty() == o.from_dir.empty())
    return fail(Fault::invalid, "give a file, or a folder with --from-dir", "file");
  if (o.sequence && o.key.empty())
    return fail(Fault::invalid, "needs --key: the controller numbers what it signs itself",
                "--sequence");
  if (o.sequence && (*o.sequence < 1 || *o.sequence > sequence_max))
    return fail(Fault::invalid, "must be from 1 to 2^53, not " + std::to_string(*o.sequence),
                "--sequence");
  if (o.floor && (*o.floor < 0 || *o.floor > sequence_max))
    return fail(Fault::invalid, "must be from 0 to 2^53, not " + std::to_string(*o.floor),
                "--floor");
  if (!o.floor_reason.empty() && !o.floor)
    return fail(Fault::invalid, "needs --floor, whose reason it is", "--floor-reason");
  return {};
}

struct Digest {
  crypto::Hash sha256;
  std::uint64_t size = 0;
};

Result<Digest> digest_of(const std::string& path) {
  std::error_code ec;
  if (const auto about = std::filesystem::status(path, ec);
      std::filesystem::exists(about) && !std::filesystem::is_regular_file(about))
    return fail(Fault::invalid, "an artifact must be a file, and " + path + " is none");
  crypto::Sha256 hash;
  Digest out;
  TRY(out.size, read_file(path, artifact_max, [&hash](ByteView piece) { hash.update(piece); }));
  out.sha256 = hash.finish();
  return out;
}

Result<std::int64_t> next_sequence(Remote& remote, const std::string& model) {
  TRY(auto releases, remote.list("/api/v1/releases?model=" + url_encoded(model)));
  std::int64_t highest = 0;
  for (const auto& release : releases)
    if (const auto* sequence = release.find("sequence"); sequence && sequence->integer())
      highest = std::max(highest, *sequence->integer());
  return highest + 1;
}

struct OperatorKey {
  std::optional<crypto::FileKey> file;
  pkcs11::KeyInToken token;
  const crypto::SigningKey& key() const {
    return file ? static_cast<const crypto::SigningKey&>(*file) : *token.key;
  }
};

Result<OperatorKey> operator_key(const std::string& named) {
  OperatorKey out;
  if (pkcs11::is_uri(named)) {
    SystemRandom random;
    TRY(out.token, pkcs11::open_key(named, {}, random));
  } else {
    TRY(out.file, crypto::FileKey::load(named));
  }
  return out;
}

// Signs here, with the operator's own key, so that the controller never holds it.
Result<Json> signed_envelope(Remote& remote, const Options& o, const Digest& digest) {
  TRY(const auto held, operator_key(o.key));
  const crypto::SigningKey& key = held.key();
  TRY(auto model, ModelId::parse(o.model, "--model"));
  wire::ReleaseMetadata release{.model = model,
                                .version = o.version,
                                .sequence = static_cast<std::uint64_t>(o.sequence.value_or(0)),
                                .floor = static_cast<std::uint64_t>(o.floor.value_or(0)),
                                .floor_reason = o.floor_reason,
                                .artifact_sha256 = to_hex(digest.sha256),
                                .artifact_size = digest.size,
                                .published = SystemClock{}.now()};
  if (!o.sequence) {
    TRY(auto next, next_sequence(remote, o.model));
    release.sequence = static_cast<std::uint64_t>(next);
  }
  const Json content = wire::to_json(release);
  TRY_VOID(wire::read_release(content));  // nothing is signed that would be refused
  TRY(auto signature, key.sign(bytes_of(wire::canonical(content))));
  return wire::parse_json(
      wire::envelope_text(content, {{to_hex(key.public_key().fingerprint()), signature}}));
}

// A name of its own for as long as it lives.
class Scratch {
 public:
  explicit Scratch(std::filesystem::path path) : path_(std::move(path)) {}
  Scratch(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    std::filesystem::remove(path_.string() + ".new", ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_;
};

Result<void> publish_file(Remote&, const Chosen&, const Options&);

Result<void> publish(Remote& remote, const Chosen& chosen, const Options& o) {
  const bool uploads_only = !o.repository.empty() && o.file.empty() && o.from_dir.empty() &&
                            o.model.empty() && o.version.empty() && o.targets_keys.empty();
  if (uploads_only) return upload_metadata(remote, o.repository);
  TRY_VOID(check(o));
  if (o.from_dir.empty()) return publish_file(remote, chosen, o);
  SystemRandom random;
  Bytes name(8);
  random.fill(name);
  const Scratch scratch(std::filesystem::temp_directory_path() /
                        ("muster-" + to_hex(name) + ".tar"));
  TRY_VOID(pack_tree(o.from_dir, scratch.path()));
  Options packed = o;
  packed.file = scratch.path();
  return publish_file(remote, chosen, packed);
}

Result<void> pack(const Chosen& chosen, const Options& o) {
  TRY_VOID(pack_tree(o.from_dir, o.file));
  TRY(const auto digest, digest_of(o.file));
  if (chosen.json)
    return show(chosen, Json::object({{"digest", to_hex(digest.sha256)}, {"size", digest.size}}));
  std::printf("%s\n", to_hex(digest.sha256).c_str());
  return {};
}

Result<void> publish_file(Remote& remote, const Chosen& chosen, const Options& o) {
  TRY(auto digest, digest_of(o.file));
  TRY(auto artifact, remote.upload("/api/v1/artifacts", o.file, digest.sha256));
  Json body = Json::object();
  if (!o.key.empty()) {
    TRY(auto envelope, signed_envelope(remote, o, digest));
    body.set("envelope", std::move(envelope));
  } else {
    body = Json::object(
        {{"model", o.model}, {"version", o.version}, {"digest", to_hex(digest.sha256)}});
    if (o.floor) body.set("floor", *o.floor);
    if (!o.floor_reason.empty()) body.set("floor_reason", o.floor_reason);
  }
  TRY(auto release, remote.post("/api/v1/releases", body));
  if (!o.repository.empty()) {
    TRY_VOID(list_release(o.repository, release, o.targets_keys, o.targets_days));
    if (auto uploaded = upload_metadata(remote, o.repository); !uploaded)
      std::fprintf(stderr, "the targets are not uploaded yet: %s\n",
                   uploaded.error().message.c_str());
  }
  if (chosen.json) return show(chosen, release);
  std::printf("%s\n", cell(release, "id").c_str());
  std::fprintf(stderr, "%s %s is published as the release above\n", o.model.c_str(),
               o.version.c_str());
  return {};
}

void pack_verb(CLI::App& noun, Chosen& chosen) {
  auto p = std::make_shared<Options>();
  auto* app = noun.add_subcommand(
      "pack", "write a folder as the tar that publish --from-dir would upload; prints its SHA-256");
  app->add_option("folder", p->from_dir, "what to pack")->required();
  app->add_option("file", p->file, "where to")->required();
  app->callback([p, &chosen] { chosen.run = [p, &chosen](Remote&) { return pack(chosen, *p); }; });
}

void publish_verb(CLI::App& noun, Chosen& chosen) {
  auto o = std::make_shared<Options>();
  auto* app =
      noun.add_subcommand("publish", "upload an artifact and publish it as a signed release");
  app->add_option("--model", o->model, "device model");
  app->add_option("--version", o->version, "version, higher than every one published");
  app->add_option("--key", o->key,
                  "sign with this private key (PEM, or a token's PKCS#11 URI); else the controller "
                  "signs with its online key");
  app->add_option("--sequence", o->sequence,
                  "with --key: the release's sequence; the next one if not given");
  app->add_option("--floor", o->floor, "lowest sequence a device that has this may go back to");
  app->add_option("--repository", o->repository,
                  "folder of the TUF repository: list the release there and upload the list; "
                  "without a file, upload what was signed since");
  app->add_option("--targets-key", o->targets_keys,
                  "with --repository: signs the list (PEM, or a PKCS#11 URI); repeatable")
      ->allow_extra_args(false);
  app->add_option("--targets-days", o->targets_days, "with --repository: until the list expires")
      ->check(CLI::Range(1, 3650));
  app->add_option("--floor-reason", o->floor_reason,
                  "what the release at the floor mended, such as CVE-2026-1234");
  app->add_option("--from-dir", o->from_dir,
                  "publish this folder as a tar: the same content, the same octets");
  app->add_option("file", o->file, "the artifact");
  app->callback([o, &chosen] {
    chosen.run = [o, &chosen](Remote& remote) { return publish(remote, chosen, *o); };
  });
}

}  // namespace

void release_commands(CLI::App& root, Chosen& chosen) {
  auto* noun = root.add_subcommand("release", "what may run in the field");
  noun->require_subcommand(1);
  publish_verb(*noun, chosen);
  repository_verbs(*noun, chosen);
  pack_verb(*noun, chosen);

  auto l = std::make_shared<Options>();
  auto* list = noun->add_subcommand("list", "releases, newest first");
  list->add_option("--model", l->model, "of this model only");
  list->callback([l, &chosen] {
    chosen.run = [l, &chosen](Remote& remote) {
      return show_list(
          remote, chosen,
          "/api/v1/releases" + (l->model.empty() ? "" : "?model=" + url_encoded(l->model)),
          release_columns);
    };
  });
  noun->add_subcommand("keys", "keys that may sign releases")->callback([&chosen] {
    chosen.run = [&chosen](Remote& remote) {
      return show_list(remote, chosen, "/api/v1/release-keys",
                       {{"NAME", "name"}, {"ID", "id"}, {"ONLINE", "online"}});
    };
  });
  auto t = std::make_shared<Options>();
  auto* trust = noun->add_subcommand("trust", "a key that may sign releases");
  trust->add_option("name", t->name, "its name")->required();
  trust->add_option("file", t->file, "public key, PEM")->required();
  trust->callback([t, &chosen] {
    chosen.run = [t, &chosen](Remote& remote) -> Result<void> {
      TRY(auto pem, file_text(t->file));
      TRY(auto answer, remote.post("/api/v1/release-keys",
                                   Json::object({{"name", t->name}, {"public_key_pem", pem}})));
      return show(chosen, answer);
    };
  });
}

}  // namespace muster
