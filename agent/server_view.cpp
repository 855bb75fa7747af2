#include "agent/server_view.h"

#include <utility>

namespace lockstep {

void ServerView::forget(Milliseconds now) {
    *this = ServerView{};
    sql_.reset(now);
    valid_from_ = now;
    disconnected_since_ = now;
}

void ServerView::take(ServerReport report, Milliseconds asked_at, Milliseconds now) {
    if (asked_at < valid_from_) {
        return;
    }
    if (report.state == ServerState::starting) {
        sql_.bad("still recovers"); // It serves nobody yet, so its silence goes on.
    } else {
        sql_.good(now);
    }
    take_stream(report.stream, now);
    take_acknowledgements(report, now);
    if (report.state == ServerState::primary && !first_end_.history.known()) {
        first_end_ = report.position;
    }
    report_ = std::move(report);
    reported_at_ = now;
}

void ServerView::take_stream(const Stream& stream, Milliseconds now) {
    const bool was_connected = report_ && report_->stream.connected;
    const bool same_name = report_ && report_->stream.name == stream.name;
    if (stream.connected && !(was_connected && same_name)) {
        connected_since_ = now;
    }
    if (!stream.connected && was_connected) {
        disconnected_since_ = now;
    }
}

void ServerView::take_acknowledgements(const ServerReport& report, Milliseconds now) {
    if (report.acknowledgements.name != acknowledged_name_) {
        acknowledged_name_ = report.acknowledgements.name;
        acknowledged_ = report.acknowledged;
        acknowledged_at_ = now;
        heard_standby_ = false;
        return;
    }
    // A stream that breaks, or comes back where it was, acknowledged nothing.
    const bool first = !acknowledged_.history.known() && report.acknowledged.history.known();
    if (first || behind(acknowledged_, report.acknowledged)) {
        acknowledged_ = report.acknowledged;
        acknowledged_at_ = now;
        heard_standby_ = true;
    } else if (report.acknowledged.history.known() &&
               report.acknowledged.history != acknowledged_.history) {
        acknowledged_ = report.acknowledged; // Compared with from here on.
    }
}

void ServerView::became_primary(Milliseconds now) {
    valid_from_ = now;
    if (report_) {
        report_->state = ServerState::primary;
        report_->stream = Stream{};
    }
}

ServerState ServerView::state() const {
    return report_ ? report_->state : ServerState::starting;
}

Stream ServerView::stream(Milliseconds now) const {
    if (!report_) {
        return {};
    }
    Stream stream = report_->stream;
    stream.silent += now - reported_at_;
    stream.clean_for = stream.connected ? now - connected_since_ : Milliseconds{0};
    return stream;
}

Acknowledgements ServerView::acknowledgements(Milliseconds now, Milliseconds proved_at) const {
    if (!report_) {
        return {};
    }
    Acknowledgements acknowledgements = report_->acknowledgements;
    acknowledgements.silent = now - acknowledged_at_;
    acknowledgements.disk_proved = proved_at > acknowledged_at_;
    return acknowledgements;
}

Milliseconds ServerView::disconnected_for(Milliseconds now) const {
    const bool connected = report_ && report_->stream.connected;
    return connected ? Milliseconds{0} : now - disconnected_since_;
}

} // namespace lockstep
