// agent/internal/life -- an agent's state, and the tasks that share it: its identity, its line to
// the controller, its updates, its readings. All on one loop's thread, so between two waits nobody
// else changes anything.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/agent.h"
#include "agent/anchors.h"
#include "agent/credentials.h"
#include "agent/data_key.h"
#include "agent/est.h"
#include "agent/internal/backoff.h"
#include "agent/internal/bell.h"
#include "agent/mqtt_client.h"
#include "agent/outbox.h"
#include "agent/renewal.h"
#include "agent/wipe.h"
#include "net/http.h"

namespace muster::agent {

struct Agent::Life final : MqttClient::Events {
  Life(net::Loop&, const Controller&, Handshakes&, AgentSettings, Disk&, Readings&, const Clock&,
       Random&, Anchors, Credentials, Updater, Wipe, KeyStore*);

  // identity (agent_identity.cpp)
  net::Task<void> enrol();                     // until there is a certificate, or the end
  net::Task<bool> enrolled_anew();             // its certificate has ended, as it seems
  net::Task<Result<Duration>> try_to_enrol();  // 0: done; else when to ask again
  net::Task<Result<Duration>> enrolled(EstClient*, Result<EstAnswer>);
  net::Task<void> renew();
  net::Task<Result<Duration>> try_to_renew();
  const Pair& choose_pair();  // for the next session
  const Pair& pair_in_use() const;
  void proved_pair();  // it made one
  net::Task<Result<Duration>> settle(EstClient*, EstAnswer);
  net::Task<Result<EstAnswer>> prove(Bytes csr);  // by the TPM
  net::Task<void> show_boots();                   // once, and when it is asked to
  net::Task<Result<void>> show_boot();

  // whom it trusts (agent_trust.cpp)
  net::Task<void> follow_authorities();  // when it is asked to
  net::Task<Result<void>> fetch_authorities();
  Result<void> learn(const std::vector<crypto::Certificate>& given);

  // line (agent_line.cpp)
  net::Task<void> stay_connected();
  net::Task<Result<void>> session();
  net::Task<Result<void>> open_line();
  net::Task<void> first_words();  // state, then subscriptions
  net::Task<void> visit();        // the update path, when MQTT is refused
  net::Task<Result<void>> visit_with(net::http::Client*);
  net::Task<Result<void>> post_state(net::http::Client*);
  net::Task<Result<net::http::Answer>> post(net::http::Client*, const char* channel,
                                            std::string body);
  void leave_session();
  void on_message(std::string_view topic, ByteView payload) override;
  void on_gone(const Error&) override;
  void hear_offer(std::string_view text);
  void hear_command(std::string_view text);
  void hear_desired(std::string_view text);
  void recall_desired(std::string_view kept);
  std::string state_text() const;
  std::string topic(const char* channel) const;
  void pump();  // sends what waits, as far as the line takes it
  void pump_state();
  void pump_report();
  void pump_readings();
  void send_message(Outbox::Message);

  // updates (agent_update.cpp)
  net::Task<void> keep_updated();
  net::Task<Result<void>> step();
  Result<void> consider();
  net::Task<Result<void>> download();
  net::Task<Result<void>> fetch(Wanted);
  net::Task<Result<void>> tell_slot(const std::string& command);
  net::Task<Result<void>> trial();
  net::Task<Result<void>> settle_in();  // runs the confirm command, then confirm()
  Result<void> confirm();
  net::Task<Result<void>> check_health();
  void contact();  // the controller was reached, and knew us

  // readings (agent_readings.cpp)
  net::Task<void> report_readings();
  net::Task<void> misbehave();
  void begin_to_misbehave();  // if a fault says so and it does not already
  void take_reading();

  // the way out (agent_retire.cpp)
  Result<void> open_data();
  void keep_outbox();
  void keep_outbox_if_due();
  net::Task<Result<void>> ask_for_order(net::http::Client*);
  void retire_now();
  net::Task<void> retire();  // until it has ended, or stopping
  net::Task<Result<void>> retire_step();
  net::Task<Result<void>> own_wipe();
  net::Task<Result<void>> bring_statement();
  bool over() const { return stopping || wipe.phase() != WipePhase::none; }

  void end();
  void log_failure(const char* words, const Error&) const;

  net::Loop& loop;
  const Controller& controller;
  Handshakes& handshakes;
  const AgentSettings settings;
  Disk& disk;
  Readings& readings;
  const Clock& clock;
  Random& random;
  KeyStore* const keys;          // none: they are files
  const Witness* const witness;  // none: it has no TPM

  Anchors anchors;
  Credentials credentials;
  Renewal renewal;
  Updater updater;
  Wipe wipe;
  std::optional<DataKey> data_key;  // none once it is wiping
  bool outbox_kept = false;         // on the disk
  std::int64_t outbox_kept_ns = 0;
  Instant outbox_kept_to{};   // the newest of those
  std::string refused_order;  // that the controller was told of
  std::function<void()> retired;
  Outbox outbox;
  Faults faults;
  AgentStatus tally;  // the counters of it
  Backoff backoff;

  std::unique_ptr<MqttClient> client;
  std::optional<wire::Offer> offer;  // not yet considered
  bool offer_news = false;           // it, or its absence, is new
  double last_value = 0;             // of the first metric
  wire::Json desired;                // an object; null: none
  bool using_next = false;           // of two pairs
  int next_refused = 0;
  bool stopping = false, started = false, misbehaving = false;
  bool gone = false;  // the session's connection has ended
  Error gone_why;
  bool leaving = false;    // the session is to end
  bool state_news = true;  // the state is to be told
  bool state_in_flight = false, report_in_flight = false;
  bool contact_made = false;  // since the trial began
  bool healthy = false;       // of what is on trial
  Bell line_bell, update_bell, reading_bell, renewal_bell, attest_bell, authority_bell, fault_bell;
  bool asked_to_attest = false, asked_to_fetch = false, asked_to_renew = false;
  bool boot_shown = false;  // since the start, or it is about to be
  net::Scope tasks;
};

}  // namespace muster::agent
