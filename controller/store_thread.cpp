#include "controller/store_thread.h"

namespace lockstep {

StoreThread::StoreThread(asio::any_io_executor executor, std::unique_ptr<StateStore> store,
                         asio::any_io_executor worker)
    : executor_(std::move(executor)), store_(std::move(store)), store_id_(store_->store_id()),
      pool_(worker ? nullptr : std::make_unique<asio::thread_pool>(1)),
      worker_(worker ? std::move(worker) : pool_->get_executor()) {}

StoreThread::~StoreThread() {
    if (pool_) {
        pool_->join();
    }
}

} // namespace lockstep
