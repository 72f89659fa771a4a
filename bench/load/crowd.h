// load/crowd -- connects its devices a bounded number at a time, and listens to the orchestrator.
// The main thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "load/connection.h"
#include "load/modes.h"
#include "wire/mqtt.h"

namespace muster::load {

class Crowd;

class Device : public Connection {
 public:
  Device(Crowd&, const Identity&);

 protected:
  void opened() override;
  std::size_t received(ByteView) override;
  void ended(const std::string& reason) override;
  virtual void take(const wire::mqtt::Packet&) {}
  const std::string& name() const { return identity_.name; }
  Crowd& crowd_;

 private:
  void done(const char* failure);  // null: none
  bool counted_ = false;
};

class Crowd final : private net::Loop::Watcher {
 public:
  using Make = std::function<std::unique_ptr<Device>(Crowd&, const Identity&)>;
  Crowd(const Settings&, std::vector<Identity>, Make);
  void connect();  // returns when each has been accepted, or has failed; says so on stdout
  net::Loop& loop() { return loop_; }
  const Tls& tls() const { return tls_; }
  const Settings& settings() const { return settings_; }
  std::vector<std::unique_ptr<Device>>& devices() { return devices_; }

  // One device has connected (null), or has failed to; the first failure is said on stderr.
  void finished(const std::string& name, const char* failure);
  void listen(std::function<void()> on_line);  // until stdin ends, which stops the loop

 private:
  void on_ready(std::uint32_t) override;
  const Settings& settings_;
  net::Loop loop_;
  Tls tls_;
  std::vector<Identity> identities_;
  Make make_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::size_t connected_ = 0, failed_ = 0;
  std::function<void()> on_line_;
};

}  // namespace muster::load
