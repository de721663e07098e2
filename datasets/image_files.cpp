#include "datasets/image_files.h"

#include <utility>

#include "datasets/content.h"
#include "datasets/jpeg.h"
#include "datasets/resample.h"

namespace sac {

ImageFiles::ImageFiles(std::filesystem::path folder, Strings names, std::int64_t side, bool random, double share)
    : folder_(std::move(folder)), names_(std::move(names)), side_(side), random_(random), share_(share) {}

std::filesystem::path ImageFiles::path(std::int64_t sample) const {
  return folder_ / names_[static_cast<std::size_t>(sample)];
}

void ImageFiles::decode(std::int64_t sample, const std::optional<CropDraw>& draw, std::uint8_t* to) const {
  thread_local Picture picture;
  const std::string name = path(sample).string();
  const std::string bytes = read_users_file("image", name);
  const auto choose = [&](std::int64_t height, std::int64_t width) {
    return random_ && draw ? random_window(height, width, sample, *draw) : centred_window(height, width, share_);
  };
  decode_jpeg({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, side_, choose, name, picture);
  resample(picture, side_, to);
}

}  // namespace sac
