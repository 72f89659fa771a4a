#include "agent/installer.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "agent/internal/rauc.h"
#include "base/test_folder.h"

using namespace muster;
using namespace muster::agent;
using Kind = InstallerSettings::Kind;

namespace {

const std::string status_of_rauc = R"({"compatible":"meter","variant":"","booted":"A",
  "boot_primary":"rootfs.0","slots":[
  {"rootfs.1":{"class":"rootfs","device":"/dev/sda3","type":"raw","bootname":"B","state":"inactive",
    "parent":null,"mountpoint":null,"boot_status":"bad"}},
  {"data.0":{"class":"data","device":"/dev/sda4","type":"raw","bootname":null,"state":"active",
    "parent":"rootfs.0","mountpoint":null,"boot_status":null}},
  {"rootfs.0":{"class":"rootfs","device":"/dev/sda2","type":"raw","bootname":"A","state":"booted",
    "parent":null,"mountpoint":null,"boot_status":"good"}}]})";

// A device whose programs are scripts of ours, which note how they were called.
struct Bench {
  TestFolder folder;
  net::Loop loop;
  Job job{.version = "1.1.0",
          .release_id = std::string(64, 'f'),
          .sequence = 4,
          .slot = 'b',
          .artifact = folder.path / "b/artifact",
          .release = folder.path / "b/release.json",
          .folder = folder.path / "b",
          .former_folder = folder.path / "a",
          .placement = {}};

  std::string script(const std::string& lines) {
    const auto path = folder.path / "program";
    std::ofstream(path) << "#!/bin/sh\ncd " << folder.path.string() << "\n" << lines << "\n";
    ::chmod(path.c_str(), 0755);
    return path.string();
  }
  void put(const char* name, const std::string& text) { std::ofstream(folder.path / name) << text; }
  std::string text_in(const char* name) {
    std::ifstream in(folder.path / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::unique_ptr<Installer> make(InstallerSettings settings) {
    return expect(make_installer(loop, std::move(settings)));
  }
  std::unique_ptr<Installer> hook(const std::string& lines, Duration within = 10s) {
    return make(
        {.kind = Kind::hook, .program = script(lines), .within = within, .install_within = within});
  }
  template <class T>
  T run(net::Task<T> task) {
    return net::run(loop, std::move(task));
  }
};

}  // namespace

TEST_CASE("a hook is run with one verb, and told of the release in its environment") {
  Bench bench;
  const auto hook = bench.hook(
      "echo \"$* $MUSTER_SLOT $MUSTER_VERSION $MUSTER_SEQUENCE $MUSTER_ARTIFACT\" >> calls");
  CHECK(bench.run(hook->place(bench.job)));
  CHECK(bench.run(hook->install(bench.job)));
  CHECK(expect(bench.run(hook->activate(bench.job))) == Switched::runs);
  CHECK(bench.run(hook->check(bench.job)));
  CHECK(bench.run(hook->confirm(bench.job)));
  CHECK(expect(bench.run(hook->revert(bench.job))) == Switched::runs);
  std::string wanted;
  for (const char* verb : {"install", "activate", "check", "confirm", "revert"})
    wanted += std::string(verb) + " b 1.1.0 4 " + bench.job.artifact.string() + "\n";
  CHECK(bench.text_in("calls") == wanted);
}

TEST_CASE("a hook's exit code says whether to try again, and that the device restarts") {
  Bench bench;
  CHECK(bench.run(bench.hook("exit 75")->install(bench.job)).error().fault == Fault::unavailable);
  CHECK(bench.run(bench.hook("exit 1")->install(bench.job)).error().fault == Fault::invalid);
  CHECK(expect(bench.run(bench.hook("exit 76")->activate(bench.job))) == Switched::restarts);
  CHECK(expect(bench.run(bench.hook("exit 76")->revert(bench.job))) == Switched::restarts);
  CHECK(bench.run(bench.hook("exit 76")->check(bench.job)).error().fault == Fault::invalid);
  CHECK(bench.run(bench.hook("kill -9 $$")->install(bench.job)).error().message ==
        "the hook's install was killed by signal 9");
}

TEST_CASE("what a hook prints is read, bounded, and told when it fails") {
  Bench bench;
  const auto said =
      bench.run(bench.hook("echo first; echo no room >&2; exit 3")->install(bench.job));
  CHECK(said.error().message == "the hook's install ended with code 3: first no room");
  const auto much = bench.run(
      bench
          .hook("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; "
                "i=$((i + 1)); done; exit 3")
          ->install(bench.job));
  CHECK(much.error().message.size() < 400);
}

TEST_CASE("a hook that takes too long is ended with all it started") {
  Bench bench;
  const auto late = bench.run(bench.hook("sleep 60 & wait", 50ms)->install(bench.job));
  CHECK(late.error().fault == Fault::unavailable);
  CHECK(late.error().message.starts_with("the hook's install did not end within"));
}

TEST_CASE("a hook that is not there is no reason to give a release up") {
  Bench bench;
  const auto hook = bench.make({.kind = Kind::hook, .program = "/nowhere/hook"});
  CHECK(bench.run(hook->install(bench.job)).error().fault == Fault::unavailable);
}

TEST_CASE("swupdate is given the set that does not run, and a command switches") {
  Bench bench;
  const auto installer = bench.make({.kind = Kind::swupdate,
                                     .program = bench.script("echo \"$*\" >> calls"),
                                     .selection = "stable",
                                     .activate_command = bench.folder.path / "program activate",
                                     .confirm_command = bench.folder.path / "program confirm"});
  bench.job.placement = expect(bench.run(installer->place(bench.job)));
  CHECK(bench.job.placement == Placement{"a", "b"});
  CHECK(bench.run(installer->install(bench.job)));
  CHECK(bench.run(installer->activate(bench.job)));
  CHECK(bench.run(installer->confirm(bench.job)));
  CHECK(bench.run(installer->revert(bench.job)));
  CHECK(bench.text_in("calls") == "-e stable,b -i " + bench.job.artifact.string() +
                                      "\nactivate b\nconfirm b\nactivate a\nconfirm a\n");
  const auto refusing = bench.make({.kind = Kind::swupdate,
                                    .program = bench.script("echo no valid signature; exit 1"),
                                    .activate_command = "true"});
  CHECK(bench.run(refusing->install(bench.job)).error().message ==
        "swupdate ended with code 1: no valid signature");
}

TEST_CASE("rauc's status says which slot is booted, and which one takes the bundle") {
  const auto status = expect(parse_rauc_status(status_of_rauc));
  CHECK(status.primary == "rootfs.0");
  REQUIRE(status.booted());
  CHECK(status.booted()->name == "rootfs.0");
  CHECK(expect(placement_of(status)) == Placement{"rootfs.0", "rootfs.1"});
  CHECK(parse_rauc_status("rauc-Message: hello {}\n" + status_of_rauc));
  CHECK_FALSE(parse_rauc_status(""));
  CHECK_FALSE(parse_rauc_status("{}"));
  CHECK_FALSE(parse_rauc_status(R"({"slots":[{"a":1}]})"));
  auto third = status;
  third.slots.push_back({"rootfs.2", "rootfs", "C", "inactive"});
  CHECK_FALSE(placement_of(third));
  auto twice = status;
  twice.slots[0].state = "booted";
  CHECK(placement_of(twice).error().fault == Fault::unavailable);
  auto alone = status;
  alone.slots.erase(alone.slots.begin());
  CHECK_FALSE(placement_of(alone));
}

TEST_CASE("rauc never installs over what the device came from, even when it switched by itself") {
  Bench bench;
  bench.put("status", status_of_rauc);
  auto other_booted = status_of_rauc;
  other_booted.replace(other_booted.find("inactive"), 8, "booted");
  other_booted.replace(other_booted.rfind("booted\""), 7, "inactive\"");
  const auto rauc =
      bench.make({.kind = Kind::rauc,
                  .program = bench.script(
                      "[ \"$2\" = --output-format=json ] && exec cat status; echo \"$*\" >> calls"),
                  .activate_command = "cp " + (bench.folder.path / "switched").string() + " " +
                                      (bench.folder.path / "status").string() + "; true"});
  bench.job.placement = expect(bench.run(rauc->place(bench.job)));
  CHECK(bench.job.placement == Placement{"rootfs.0", "rootfs.1"});
  REQUIRE(bench.run(rauc->install(bench.job)));
  CHECK(bench.text_in("calls") == "install " + bench.job.artifact.string() + "\n");

  CHECK_FALSE(bench.run(rauc->check(bench.job)));
  bench.put("switched", status_of_rauc);  // the machine is about to restart: nothing changes yet
  CHECK(expect(bench.run(rauc->activate(bench.job))) == Switched::restarts);
  bench.put("status", other_booted);
  CHECK(expect(bench.run(rauc->activate(bench.job))) == Switched::runs);
  CHECK(bench.run(rauc->check(bench.job)));
  bench.put("calls", "");
  CHECK(bench.run(rauc->install(bench.job)));  // it is what came up: nothing is written
  CHECK(bench.text_in("calls").empty());
  CHECK(bench.run(rauc->confirm(bench.job)));
  bench.put("switched", status_of_rauc);
  CHECK(expect(bench.run(rauc->revert(bench.job))) == Switched::runs);
  CHECK(bench.text_in("calls") ==
        "status mark-good rootfs.1\nstatus mark-active rootfs.0\nstatus mark-bad rootfs.1\n");
}

TEST_CASE("an installer that lacks what it needs is refused, by the option's name") {
  net::Loop loop;
  CHECK(make_installer(loop, {.kind = Kind::hook}).error().field == "--installer-program");
  CHECK(make_installer(loop, {.kind = Kind::swupdate}).error().field == "--activate-command");
  CHECK(make_installer(loop, {.kind = Kind::hook, .program = "x", .confirm_command = "y"})
            .error()
            .field == "--confirm-command");
  CHECK(parse_installer("ostree").error().field == "--installer");
  for (const char* name : {"slots", "rauc", "swupdate", "hook"})
    CHECK(name_of(expect(parse_installer(name))) == std::string(name));
}
