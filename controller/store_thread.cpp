#include "controller/store_thread.h"

namespace lockstep {

StoreThread::StoreThread(asio::any_io_executor executor, std::unique_ptr<StateStore> store)
    : executor_(std::move(executor)), store_(std::move(store)), store_id_(store_->store_id()) {}

StoreThread::~StoreThread() {
    pool_.join();
}

} // namespace lockstep
