// Models that are refused: where, what was found, and what is allowed.
import Testing

@testable import Inference

private let lightGBMText = """
    tree
    version=v4
    num_class=1
    num_tree_per_iteration=1
    label_index=0
    max_feature_idx=1
    objective=binary sigmoid:1
    feature_names=a b
    feature_infos=[0:1] 0:1:2
    tree_sizes=300

    Tree=0
    num_leaves=3
    num_cat=1
    split_feature=0 1
    threshold=0.5 0
    decision_type=2 1
    left_child=1 -1
    right_child=-2 -3
    leaf_value=1 2 3
    cat_boundaries=0 1
    cat_threshold=6
    shrinkage=1


    end of trees

    """

private func xgBoostText(_ change: (from: String, to: String)? = nil) -> String {
    let text = #"""
        {"learner":{"feature_names":[],"gradient_booster":{"model":{"gbtree_model_param":{"num_trees":"1"},
        "tree_info":[0],"trees":[{"categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],
        "default_left":[1,0,0],"left_children":[1,-1,-1],"right_children":[2,-1,-1],"split_conditions":[0.5,1.5,-1.5],
        "split_indices":[0,0,0],"split_type":[0,0,0],"tree_param":{"num_nodes":"3","size_leaf_vector":"1"}}]},
        "name":"gbtree"},"learner_model_param":{"base_score":"5E-1","num_class":"0","num_feature":"2","num_target":"1"},
        "objective":{"name":"reg:squarederror"}},"version":[3,2,0]}
        """#
    return change.map { text.replacing($0.from, with: $0.to) } ?? text
}

private let catBoostText = #"""
    {"features_info":{"float_features":[{"feature_index":0,"flat_feature_index":0,"feature_id":"a",
    "nan_value_treatment":"AsIs","borders":[0.5]}]},"model_info":{"params":{"loss_function":{"type":"RMSE"}}},
    "oblivious_trees":[{"leaf_values":[1,2],"splits":[{"border":0.5,"float_feature_index":0,"split_type":"FloatFeature"}]}],
    "scale_and_bias":[1,[0]]}
    """#

@Suite struct RefusalTests {
    private func refusal(_ text: String) -> String? { refusal(Array(text.utf8)) }

    private func refusal(_ bytes: [UInt8]) -> String? {
        do throws(ModelRefused) {
            _ = try ModelCompiler.compile(ModelReader.read(bytes))
            return nil
        } catch { return "\(error)" }
    }

    @Test func whatIsChangedBelowIsAccepted() {
        #expect(refusal(lightGBMText) == nil)
        #expect(refusal(xgBoostText()) == nil)
        #expect(refusal(catBoostText) == nil)
    }

    @Test(arguments: [
        ("version=v4", "version=v9", "line 2, version: found 'v9'; allowed: v2, v3 or v4"),
        ("objective=binary sigmoid:1", "objective=lottery", "line 7, objective: found 'lottery'"),
        ("max_feature_idx=1", "max_feature_idx=99999999", "line 6, max_feature_idx: found '99999999'"),
        ("num_leaves=3", "num_leaves=99999999999", "tree 0, line 13, num_leaves: found '99999999999'"),
        ("num_leaves=3", "num_leaves=4", "tree 0, line 20, leaf_value: found 3 values; allowed: 4 numbers"),
        ("threshold=0.5 0", "threshold=nan 0", "tree 0, line 16, threshold: found NaN as value 0"),
        ("threshold=0.5 0", "threshold=0.5 7", "tree 0, line 16, threshold: found 7.0 as value 1"),
        ("threshold=0.5 0", "threshold=0x1p3 0", "tree 0, line 16, threshold: found '0x1p3' as value 0"),
        ("split_feature=0 1", "split_feature=0 2", "tree 0, node 1: feature: found 2; allowed: 0 to 1"),
        ("left_child=1 -1", "left_child=0 -1", "tree 0, node 0: child: found node(0)"),
        ("right_child=-2 -3", "right_child=-2 -2", "tree 0, node 1: child: found leaf(1)"),
        ("decision_type=2 1", "decision_type=14 1", "tree 0, line 17, decision_type: found 14 as value 0"),
        (
            "cat_boundaries=0 1", "cat_boundaries=0 9",
            "tree 0, line 22, cat_threshold: found 1 values; allowed: 9"
        ),
        ("Tree=0", "Tree=1", "line 12, Tree: found tree 1; allowed: 0"),
        ("tree_sizes=300", "tree_sizes=300 400", "found 1 trees; allowed: 2, as tree_sizes says"),
        ("leaf_value=1 2 3", "leaf_value=1 2 nan", "tree 0, leaf 2: found NaN"),
        ("end of trees", "", "the end of the file; allowed: 'end of trees'"),
    ]) func lightGBM(_ from: String, _ to: String, _ expected: String) {
        let found = refusal(lightGBMText.replacing(from, with: to))
        #expect(found?.contains(expected) == true, "\(found ?? "accepted")")
    }

    @Test(arguments: [
        ("[3,2,0]", "[4,0,0]", "version"),
        ("reg:squarederror", "reg:lottery", "learner.objective.name"),
        (#""num_target":"1""#, #""num_target":"2""#, "one target: models of several are not supported"),
        (
            #""size_leaf_vector":"1""#, #""size_leaf_vector":"2""#,
            "trees of several targets are not supported"
        ),
        ("\"left_children\":[1,", "\"left_children\":[0,", "found node 0 below two others, or itself"),
        ("\"left_children\":[1,", "\"left_children\":[7,", "trees[0].left_children[0]"),
        ("[0.5,1.5,-1.5]", "[0.5,1.5]", "3 numbers"),
        (#""num_nodes":"3""#, #""num_nodes":"99999999999""#, "num_nodes"),
        ("\"split_indices\":[0,", "\"split_indices\":[9,", "tree 0, node 0: feature: found 9"),
        (#""name":"gbtree""#, #""name":"gbforest""#, "gbtree, dart or gblinear"),
        ("5E-1", "half", "base_score"), ("tree_info", "treeinfo", "tree_info"),
    ]) func xgBoost(_ from: String, _ to: String, _ expected: String) {
        let found = refusal(xgBoostText((from, to)))
        #expect(found?.contains(expected) == true, "\(found ?? "accepted")")
    }

    @Test(arguments: [
        ("FloatFeature", "OnlineCtr", "counters of categories (CTR) are not supported"),
        (#""border":0.5"#, #""border":"half""#, "a number"),
        ("\"leaf_values\":[1,2]", "\"leaf_values\":[1,2,3]", "2 numbers"),
        ("\"AsIs\"", "\"AsEver\"", "AsIs, AsFalse or AsTrue"),
        ("\"float_feature_index\":0", "\"float_feature_index\":3", "one of float_features"),
        (
            "\"oblivious_trees\":", "\"trees\":[{}],\"oblivious_trees\":",
            "Depthwise or Lossguide are not supported"
        ),
        (
            "{\"float_features\"", "{\"text_features\":[1],\"float_features\"",
            "text_features are not supported"
        ),
    ]) func catBoost(_ from: String, _ to: String, _ expected: String) {
        let found = refusal(catBoostText.replacing(from, with: to))
        #expect(found?.contains(expected) == true, "\(found ?? "accepted")")
    }

    @Test func whatWasCutOffIsRefused() {
        for text in [lightGBMText, xgBoostText(), catBoostText] {
            let bytes = Array(text.utf8)
            // A line end more or less says the same.
            for length in 0..<bytes.count - 3 {
                #expect(refusal(Array(bytes[..<length])) != nil, "\(length) of \(text.prefix(20))")
            }
        }
    }

    @Test(arguments: [
        ("binf\u{0}", "XGBoost's old binary format"), ("CBM1", "CatBoost's binary format"),
        ("", "an empty file"),
        ("{}", "XGBoost's key learner"), ("{L", "it was cut off"), ("GIF89a", "another kind of file"),
    ]) func otherFilesAreNamed(_ text: String, _ expected: String) {
        let found = refusal(text)
        #expect(found?.contains(expected) == true, "\(found ?? "accepted")")
    }

    /// Found by the fuzzer: such a model compiled, and was refused when it was loaded.
    @Test func namesMayHoldAnyByte() throws {
        let text = lightGBMText.replacing("feature_names=a b", with: "feature_names=a\u{0} \u{0}b")
        let model = try Model(copying: ModelCompiler.compile(ModelReader.read(Array(text.utf8))))
        #expect(model.head.featureNames == ["a\u{0}", "\u{0}b"])
    }

    @Test func lengthsAreBelievedOnlyAsFarAsThereAreBytes() {
        // An object whose key claims 2^62 bytes, and a list that claims as many numbers.
        let key = Array("{L".utf8) + [0x40, 0, 0, 0, 0, 0, 0, 0]
        #expect(refusal(key)?.contains("a length of") == true)
        let list = Array("{i\u{1}a[$D#L".utf8) + [0x40, 0, 0, 0, 0, 0, 0, 0]
        #expect(refusal(list)?.contains("a length of") == true)
        let deep = Array("{i\u{1}a".utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(refusal(deep)?.contains("another level") == true)
    }
}
