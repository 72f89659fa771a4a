// tpm/test_swtpm -- for tests only: a software TPM (swtpm) of its own, with a vendor CA of its own,
// on free ports of this machine, gone with its owner. The test's thread.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/test_folder.h"
#include "base/test_process.h"

namespace muster::tpm {

class Swtpm {
 public:
  explicit Swtpm(bool elliptic = false) {
    write_configuration();
    std::vector<std::string> words = {"swtpm_setup",      "--tpm2",
                                      "--tpmstate",       folder_.path.string(),
                                      "--create-ek-cert", "--create-platform-cert",
                                      "--config",         file("setup.conf"),
                                      "--lock-nvram",     "--overwrite",
                                      "--logfile",        file("setup.log")};
    if (elliptic) words.push_back("--ecc");
    if (const int code = exit_code_of(start_quietly(words)); code != 0)
      give_up({Fault::unavailable, "swtpm_setup failed: " + text("setup.log"), ""});
    for (int tries = 0; tries < 20 && process_ <= 0; ++tries) try_to_run();
    if (process_ <= 0) give_up({Fault::unavailable, "swtpm does not run", ""});
  }
  Swtpm(const Swtpm&) = delete;
  ~Swtpm() {
    ::kill(process_, SIGTERM);
    exit_code_of(process_);
  }

  std::string tcti() const { return "swtpm:host=127.0.0.1,port=" + std::to_string(port_); }
  std::string vendor_root() const { return text("ca/swtpm-localca-rootca-cert.pem"); }
  std::string vendor_issuer() const { return text("ca/issuercert.pem"); }

 private:
  std::string file(const char* name) const { return (folder_.path / name).string(); }
  std::string text(const char* name) const {
    std::ifstream in(folder_.path / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void write_configuration() const {
    std::filesystem::create_directory(folder_.path / "ca");
    const std::string ca = file("ca");
    std::ofstream(file("setup.conf"))
        << "create_certs_tool=/usr/bin/swtpm_localca\ncreate_certs_tool_config="
        << file("localca.conf") << "\ncreate_certs_tool_options=" << file("options")
        << "\nactive_pcr_banks=sha256\n";
    std::ofstream(file("localca.conf"))
        << "statedir=" << ca << "\nsigningkey=" << ca << "/signkey.pem\nissuercert=" << ca
        << "/issuercert.pem\ncertserial=" << ca << "/certserial\n";
    std::ofstream(file("options")) << "--platform-manufacturer Maker\n--platform-version 1\n"
                                      "--platform-model Board\n";
  }

  // A socket that has, or reaches, this port of the machine itself.
  static int endpoint(std::uint16_t& port, bool reach) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (reach ? ::connect(fd, raw, size) != 0
              : ::bind(fd, raw, size) != 0 || ::getsockname(fd, raw, &size) != 0) {
      ::close(fd);
      return -1;
    }
    port = ntohs(address.sin_port);
    return fd;
  }

  // Its control port must be the one after; both are let go just before it takes them.
  void try_to_run() {
    std::uint16_t port = 0;
    const int first = endpoint(port, false);
    auto next = static_cast<std::uint16_t>(port + 1);
    const int second = endpoint(next, false);
    if (first >= 0) ::close(first);
    if (second < 0) return;
    ::close(second);
    const std::string local = ",bindaddr=127.0.0.1";
    std::vector<std::string> words = {"swtpm",
                                      "socket",
                                      "--tpm2",
                                      "--tpmstate",
                                      "dir=" + folder_.path.string(),
                                      "--server",
                                      "type=tcp,port=" + std::to_string(port) + local,
                                      "--ctrl",
                                      "type=tcp,port=" + std::to_string(next) + local,
                                      "--flags",
                                      "startup-clear,not-need-init"};
    process_ = start_quietly(words);
    port_ = port;
    for (int tries = 0; tries < 1'000; ++tries) {
      int status = 0;
      if (::waitpid(process_, &status, WNOHANG) == process_) break;  // somebody took the port
      if (const int reached = endpoint(next, true); reached >= 0) {
        ::close(reached);
        return;
      }
      ::poll(nullptr, 0, 10);
    }
    process_ = 0;
  }

  TestFolder folder_;
  pid_t process_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace muster::tpm
