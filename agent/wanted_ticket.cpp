#include "agent/wanted_ticket.h"

namespace lockstep {

Ticket primary_ticket(const Goal& goal, Door door) {
    Ticket ticket;
    ticket.primary = true;
    ticket.sync_name = goal.sync_name;
    ticket.peers = goal.peers;
    ticket.door = door;
    return ticket;
}

Ticket standby_ticket(const Goal& goal) {
    Ticket ticket;
    ticket.stream_name = goal.sync_name;
    ticket.upstream = goal.upstream;
    ticket.peers = goal.peers;
    return ticket;
}

Ticket replaying_ticket(const Goal& goal) {
    Ticket ticket;
    ticket.peers = goal.peers;
    return ticket;
}

Ticket wanted_ticket(const Goal& goal, Door door) {
    return goal.role == Role::primary ? primary_ticket(goal, door) : standby_ticket(goal);
}

} // namespace lockstep
