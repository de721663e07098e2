#include "datasets/labelled_text.h"

#include "datasets/load.h"
#include "datasets/tsv.h"
#include "datasets/wordpiece.h"
#include "tests/datasets/fixture.h"

namespace sac {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::int64_t> encoded(const WordPiece& pieces, const std::string& text, std::size_t length) {
  std::vector<std::int64_t> ids(length);
  pieces.encode(text, ids);
  return ids;
}

const std::vector<std::string> kPieces{"[PAD]",  "[UNK]", "[CLS]", "[SEP]", "un",  "##aff",
                                       "##able", "!",     "want",  "##ed",  "##a", "runn"};

TEST(WordPiece, TakesTheLongestPieceEachTime) {
  const WordPiece pieces(kPieces, true, "v");
  EXPECT_THAT(encoded(pieces, "UNaffable! wanted", 9), ElementsAre(2, 4, 5, 6, 7, 8, 9, 3, 0));
  EXPECT_THAT(encoded(pieces, "wanted running un", 7), ElementsAre(2, 8, 9, 1, 4, 3, 0));
  EXPECT_THAT(encoded(pieces, "", 3), ElementsAre(2, 3, 0));
  EXPECT_THAT(encoded(pieces, "want want want", 4), ElementsAre(2, 8, 8, 3));
  EXPECT_THAT(encoded(WordPiece(kPieces, false, "v"), "Want", 3), ElementsAre(2, 1, 3));
}

TEST(WordPiece, SplitsAtSpaceAndPunctuation) {
  EXPECT_THAT(words_of("It's  GOOD,\t\xC3\x84h.", true), ElementsAre("it", "'", "s", "good", ",", "\xC3\x84h", "."));
}

TEST(WordPiece, NeedsItsSpecialPieces) {
  EXPECT_EQ(test::message_of<DataError>([] {
              WordPiece({"[PAD]", "[UNK]", "[SEP]"}, true, "v");
            }),
            "v: no piece [CLS] among its 3");
  EXPECT_EQ(test::message_of<DataError>([] {
              WordPiece({"a", "[PAD]", "[UNK]", "[SEP]", "[CLS]"}, true, "v");
            }),
            "v: its first piece is 'a', expected [PAD]");
}

TEST(WordPiece, LearnsCharactersAndThenTheMostFrequentWords) {
  const std::vector<std::string> texts{"bee ant bee", "ant bee cow"};
  const WordPiece pieces = WordPiece::learn(texts, 22, true);
  EXPECT_EQ(pieces.vocabulary(), 22);
  EXPECT_EQ(pieces.pieces()[20], "bee");
  EXPECT_EQ(pieces.pieces()[21], "ant");
  EXPECT_EQ(encoded(pieces, "cow bee", 8)[4], encoded(pieces, "bow bee", 8)[4]);
  for (const std::int64_t id : encoded(pieces, "bat cow ant", 16)) EXPECT_NE(id, 1) << "characters make every word";
}

LabelledTexts read(const std::string& content) { return read_tsv(content, "f", "sentence", "label"); }
std::string refusal(const std::string& content) {
  return test::message_of<DataError>([&] { read(content); });
}

TEST(Tsv, ReadsColumnsByName) {
  const LabelledTexts rows = read("id\tlabel\tsentence\r\n7\tgood\ta \"b\"\r\n8\tbad\t");
  EXPECT_THAT(rows.texts, ElementsAre("a \"b\"", ""));
  EXPECT_THAT(rows.labels, ElementsAre("good", "bad"));
}

TEST(Tsv, AByteOrderMarkAndBlankLinesAtTheEndAreNoData) {
  EXPECT_THAT(read("\xEF\xBB\xBFsentence\tlabel\na\t1\n\r\n\n").labels, ElementsAre("1"));
}

TEST(Tsv, RefusesInOneLine) {
  EXPECT_EQ(refusal("sentence\tscore\na\t1\n"), "f: no column 'label' in its first line; columns: sentence, score");
  EXPECT_EQ(refusal("sentence\tlabel\na\t1\nb\n"),
            "f line 3: number of fields is 1, expected the 2 of the first line: sentence, label");
  EXPECT_EQ(refusal("sentence\tlabel\na\t1\nb\t\n"), "f line 3: the label is empty");
  EXPECT_EQ(refusal("sentence\tlabel\n"), "f: holds no labelled texts below a line that names the columns");
  EXPECT_EQ(refusal(""), "f: holds no labelled texts below a line that names the columns");
}

Dataset load_tsv(const std::string& train, const std::string& test, ValueMap options = {}) {
  const test::TempFolder folder;
  test::write_file(folder / "train.tsv", train);
  test::write_file(folder / "test.tsv", test);
  options["train_file"] = (folder / "train.tsv").string();
  options["test_file"] = (folder / "test.tsv").string();
  return load_dataset("tsv", Options(data_options("tsv"), options, "data set 'tsv'", "data."), {});
}

TEST(LabelledText, NumbersLabelsByValue) {
  const std::string rows = "sentence\tlabel\na\t10\nb\t9\nc\t2\n";
  const Dataset data = load_tsv(rows, "sentence\tlabel\nz\t9\n", {{"context", std::int64_t{5}}});
  EXPECT_EQ(data.classes, 3);
  EXPECT_EQ(data.width, 5);
  EXPECT_EQ(data.vocabulary, 10);
  EXPECT_EQ(data.train.targets[0].item<std::int64_t>(), 2);
  EXPECT_EQ(data.train.targets[1].item<std::int64_t>(), 1);
  EXPECT_EQ(data.test.targets[0].item<std::int64_t>(), 1);
  EXPECT_EQ(data.test.inputs[0][1].item<std::int64_t>(), 1) << "z is unknown";
}

TEST(LabelledText, RefusesInOneLine) {
  const std::string good = "sentence\tlabel\na\t1\nb\t0\n";
  const auto error = [](const std::string& train, const std::string& test) {
    return test::message_of<DataError>([&] { load_tsv(train, test); });
  };
  EXPECT_THAT(error(good, "sentence\tlabel\na\t2\n"),
              HasSubstr("test.tsv line 2: label '2' is none of the training labels"));
  EXPECT_THAT(error("sentence\tlabel\na\t1\n", good),
              HasSubstr("train.tsv: all labels are '1'; there must be at least"));
  EXPECT_THAT(error("sentence\tlabel\na\xFF\t1\n", good),
              HasSubstr("train.tsv: is not UTF-8 text: byte 0xff at offset 16"));
}

}  // namespace
}  // namespace sac
