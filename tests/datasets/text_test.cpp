#include "datasets/text.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>

#include "datasets/batches.h"
#include "datasets/load.h"
#include "datasets/tokens.h"
#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Dataset load_text(const std::filesystem::path& path, ValueMap options) {
  options["file"] = path.string();
  options["name"] = std::string("text");
  return load_dataset("text", Options(data_options("text"), options, "data set 'text'", "data."), {});
}

/// The message of the error that a text of these bytes is refused with.
std::string refusal(const std::string& bytes, const ValueMap& options) {
  const test::TempFolder folder;
  test::write_file(folder / "a.txt", bytes);
  return test::message_of<Error>([&] { load_text(folder / "a.txt", options); });
}

TEST(Tokens, CharactersAreNumberedByCodePoint) {
  const Tokens tokens = character_tokens("b\xC3\xA4 a\nb\xF0\x9F\x8E\xAD", "t");
  EXPECT_EQ(tokens.vocabulary, 6);
  EXPECT_THAT(tokens.ids, ElementsAre(3, 4, 1, 2, 0, 3, 5));
}

TEST(Tokens, BytesAreThemselves) {
  const Tokens tokens = byte_tokens(std::string("a\xFF\0", 3));
  EXPECT_EQ(tokens.vocabulary, 256);
  EXPECT_THAT(tokens.ids, ElementsAre(97, 255, 0));
}

TEST(Tokens, RefuseWhatIsNotUtf8) {
  EXPECT_EQ(test::message_of<DataError>([] { character_tokens("ab\ncd\xFFz", "t"); }),
            "t: is not UTF-8 text: byte 0xff at offset 5 (line 2) begins no character");
  for (const std::string bad :
       {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3("}) {
    EXPECT_THROW(code_points("a" + bad, "t"), DataError);
  }
  EXPECT_THAT(code_points("\xEF\xBF\xBF\xF4\x8F\xBF\xBF", "t"), ElementsAre(0xFFFF, 0x10FFFF));
}

TEST(Text, LabelsAreTheNextTokens) {
  const test::TempFolder folder;
  test::write_file(folder / "a.txt", "abcdefghij");
  const Dataset data = load_text(folder / "a.txt", {{"context", std::int64_t{2}}, {"validation", 0.3}});
  EXPECT_EQ(data.classes, 10);
  EXPECT_EQ(data.vocabulary, 10);
  EXPECT_EQ(data.width, 2);
  const at::Tensor pairs = at::arange(6, at::kLong).view({3, 2});
  EXPECT_TRUE(at::equal(data.train.inputs, pairs));
  EXPECT_TRUE(at::equal(data.train.targets, pairs.add(1)));
  EXPECT_TRUE(at::equal(data.test.inputs, at::arange(7, 9, at::kLong).view({1, 2})));
}

TEST(Text, WindowsOverlapByStride) {
  const test::TempFolder folder;
  test::write_file(folder / "a.txt", "abcdefghij");
  const Dataset data =
      load_text(folder / "a.txt", {{"context", std::int64_t{3}}, {"stride", std::int64_t{1}}, {"validation", 0.4}});
  ASSERT_EQ(data.train.size(), 3);
  at::Tensor inputs;
  at::Tensor targets;
  const std::int64_t indices[] = {2, 0};
  gather(data.train, {}, indices, at::kFloat, inputs, targets);
  const std::int64_t expected[] = {2, 3, 4, 0, 1, 2};
  EXPECT_EQ(inputs.scalar_type(), at::kLong);
  EXPECT_TRUE(inputs.is_contiguous());
  for (std::int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(inputs.const_data_ptr<std::int64_t>()[i], expected[i]);
    EXPECT_EQ(targets.const_data_ptr<std::int64_t>()[i], expected[i] + 1);
  }
}

TEST(Text, KnowsItsContentNotItsPlace) {
  const test::TempFolder folder;
  const std::string text(200, 'x');
  test::write_file(folder / "a.txt", text);
  test::write_file(folder / "b.txt", text);
  test::write_file(folder / "c.txt", text + "y");
  const ValueMap options{{"context", std::int64_t{4}}};
  EXPECT_EQ(load_text(folder / "a.txt", options).hash, load_text(folder / "b.txt", options).hash);
  EXPECT_NE(load_text(folder / "a.txt", options).hash, load_text(folder / "c.txt", options).hash);
}

TEST(Text, RefusesWhatCannotBeRead) {
  const ValueMap small{{"context", std::int64_t{4}}};
  EXPECT_THAT(refusal("", small), HasSubstr("a.txt: too short for data.context = 4: its 0 characters leave 0 for"));
  EXPECT_THAT(refusal("ab\xFF", small), HasSubstr("is not UTF-8 text: byte 0xff at offset 2 (line 1)"));
  EXPECT_THAT(refusal(std::string(100, 'a'), {{"context", std::int64_t{4}}, {"partition", std::string("label")}}),
              HasSubstr("has a label for every token"));
  EXPECT_THAT(test::message_of<DataError>([&] { load_text("/nowhere.txt", small); }),
              HasSubstr("data.file '/nowhere.txt' cannot be read: No such file"));
  EXPECT_THAT(test::message_of<DataError>([&] { load_text("/tmp", small); }),
              HasSubstr("data.file '/tmp' is a folder, not a file"));
  EXPECT_THAT(test::message_of<ConfigError>([&] { load_text("", small); }), HasSubstr("needs data.file"));
}

}  // namespace
}  // namespace sac
