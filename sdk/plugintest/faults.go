package plugintest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	"github.com/alignuser/alignuser/sdk/internal/handshake"
	"github.com/alignuser/alignuser/sdk/internal/le"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

func faultCases() []Case {
	return []Case{
		{ID: "faults/ragged", Doc: "lists whose offsets do not fit are invalid, and the process lives", kind: sdk.KindRecommender, run: raggedCase},
		{ID: "faults/lengths", Doc: "columns of different lengths are invalid, and the process lives", kind: sdk.KindRecommender, run: lengthsCase},
		{ID: "faults/values", Doc: "a negative k, an unknown purpose and an unknown kind of history are invalid, and the process lives", kind: sdk.KindRecommender, run: valuesCase},
		{ID: "faults/oversize", Doc: "a batch of 1,025 users, or of 2 million places, is too large, and the process lives", kind: sdk.KindRecommender, run: oversizeCase},
		{ID: "faults/ids", Doc: "ids beyond the catalogue do no harm to the process", kind: sdk.KindRecommender, run: idsCase},
		{ID: "faults/data", Doc: "a training folder that is missing, damaged or changed is refused, and the process lives", kind: sdk.KindRecommender, run: badDataCase},
		{ID: "faults/feature", Doc: "a feature that was not declared is unsupported", run: featureCase},
	}
}

// wire opens a second connection to a process, past the checks of package
// launch: what is tested here must not be stopped on the way.
func wire(p *Process) (*grpc.ClientConn, error) {
	p.child.mu.Lock()
	network, address := p.child.network, p.child.address
	p.child.mu.Unlock()
	if network != "unix" {
		return nil, skipf("this case needs a unix socket")
	}
	return grpc.NewClient("unix:"+address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(handshake.MaxMessage)))
}

// sane is a request in wire form that any recommender answers.
func sane() *pb.RecommendRequest {
	return &pb.RecommendRequest{Users: le.Bytes([]int32{0, 1}), K: 5, Purpose: pb.Purpose_PURPOSE_RANKING, Seed: 61}
}

// wrongRequest is a request that must be refused.
type wrongRequest struct {
	what  string
	spoil func(*pb.RecommendRequest)
}

// refuses sends wrong requests on the wire.
func (b *bench) refuses(ctx context.Context, wrong []wrongRequest, kinds ...error) error {
	if _, err := b.fitted(ctx); err != nil {
		return err
	}
	conn, err := wire(b.ready)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	rpc := pb.NewRecommenderServiceClient(conn)
	for _, w := range wrong {
		m := sane()
		w.spoil(m)
		_, err := rpc.Recommend(ctx, m)
		if err := refusedAs(ctx, b.ready, w.what, convert.FromStatus(ctx, err), kinds...); err != nil {
			return err
		}
	}
	if _, err := rpc.Recommend(ctx, sane()); err != nil {
		return fmt.Errorf("a good request after bad ones: %w", convert.FromStatus(ctx, err))
	}
	return nil
}

func list(offsets []uint32, items ...int32) *pb.Ragged {
	return &pb.Ragged{Offsets: le.Bytes(offsets), Items: le.Bytes(items)}
}

func raggedCase(ctx context.Context, b *bench) error {
	var wrong []wrongRequest
	for what, r := range map[string]*pb.Ragged{
		"offsets for too few rows":       list([]uint32{0, 1}, 1),
		"offsets that decrease":          list([]uint32{0, 2, 1}, 1),
		"offsets beyond the items":       list([]uint32{0, 1, 9}, 1),
		"offsets that do not start at 0": list([]uint32{1, 1, 1}, 1),
		"items without offsets":          {Items: le.Bytes([]int32{1})},
		"half an offset":                 {Offsets: []byte{0, 0, 0, 0, 0, 0}, Items: nil},
	} {
		wrong = append(wrong,
			wrongRequest{"exclude: " + what, func(m *pb.RecommendRequest) { m.Exclude = r }},
			wrongRequest{"candidates: " + what, func(m *pb.RecommendRequest) { m.Candidates = r }})
	}
	return b.refuses(ctx, wrong, sdk.ErrInvalid)
}

func lengthsCase(ctx context.Context, b *bench) error {
	return b.refuses(ctx, []wrongRequest{
		{"half a user", func(m *pb.RecommendRequest) { m.Users = m.Users[:6] }},
		{"pages for one of two users", func(m *pb.RecommendRequest) { m.Pages = le.Bytes([]int32{1}) }},
		{"sessions for three of two users", func(m *pb.RecommendRequest) { m.Sessions = le.Bytes([]int64{1, 2, 3}) }},
		{"half a time", func(m *pb.RecommendRequest) { m.Times = make([]byte, 12) }},
		{"history without kinds", func(m *pb.RecommendRequest) { m.History = list([]uint32{0, 1, 1}, 3) }},
	}, sdk.ErrInvalid)
}

func valuesCase(ctx context.Context, b *bench) error {
	return b.refuses(ctx, []wrongRequest{
		{"k = -1", func(m *pb.RecommendRequest) { m.K = -1 }},
		{"user -2", func(m *pb.RecommendRequest) { m.Users = le.Bytes([]int32{0, -2}) }},
		{"no purpose", func(m *pb.RecommendRequest) { m.Purpose = 0 }},
		{"purpose 99", func(m *pb.RecommendRequest) { m.Purpose = 99 }},
		{"history kind 99", func(m *pb.RecommendRequest) { m.History, m.HistoryKinds = list([]uint32{0, 1, 1}, 3), []byte{99} }},
		{"excluded item -7", func(m *pb.RecommendRequest) { m.Exclude = list([]uint32{0, 1, 1}, -7) }},
	}, sdk.ErrInvalid)
}

func oversizeCase(ctx context.Context, b *bench) error {
	return b.refuses(ctx, []wrongRequest{
		{"1,025 users", func(m *pb.RecommendRequest) { m.Users = le.Bytes(everyone(1025)) }},
		{"k = 2,097,152 for two users", func(m *pb.RecommendRequest) { m.K = 1 << 21 }},
	}, sdk.ErrTooLarge, sdk.ErrInvalid)
}

func idsCase(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	far := &sdk.Ragged{}
	far.Append(worldItems, 1<<30)
	plain := sdk.RecommendRequest{Users: []int32{0}, K: 5, Purpose: sdk.PurposePage, Seed: 62}
	user, exclude, candidates, history := plain, plain, plain, plain
	user.Users = []int32{1 << 30}
	exclude.Exclude, candidates.Candidates = *far, far
	history.History, history.HistoryKinds = *far, []uint8{sdk.HistoryLiked, sdk.HistoryShown}
	for what, r := range map[string]sdk.RecommendRequest{"user": user, "excluded item": exclude, "candidate": candidates, "history item": history} {
		_, err := rec.Recommend(ctx, r)
		if dead := lives(ctx, b.ready); dead != nil {
			return fmt.Errorf("%s beyond the catalogue: %w", what, dead)
		}
		if errors.Is(err, sdk.ErrCrashed) {
			return fmt.Errorf("%s beyond the catalogue: %w", what, err)
		}
	}
	_, err = good(ctx, rec, plain)
	return err
}

func badDataCase(ctx context.Context, b *bench) error {
	ref, err := b.trainingFolder("base")
	if err != nil {
		return err
	}
	absent, otherHash := ref, ref
	absent.Dir = filepath.Join(b.dir, "no-such-folder")
	otherHash.ManifestSHA256 = "0000000000000000000000000000000000000000000000000000000000000000"
	damaged, err := b.damagedFolder(ref)
	if err != nil {
		return err
	}
	p, err := b.configured(ctx, setup{})
	if err != nil {
		return err
	}
	for _, bad := range []struct {
		what string
		ref  sdk.DataRef
	}{
		{"a folder that is missing", absent},
		{"a manifest that was changed", otherHash},
		{"a column that was cut short", damaged},
	} {
		_, err := p.Recommender(b.spec).Fit(ctx, b.fitRequest(bad.ref), func(sdk.Event) {})
		if dead := lives(ctx, p); dead != nil {
			return fmt.Errorf("%s: %w", bad.what, dead)
		}
		if err == nil {
			return fmt.Errorf("%s was accepted", bad.what)
		}
	}
	if err := b.fit(ctx, p, "base"); err != nil {
		return fmt.Errorf("good data after bad: %w", err)
	}
	return nil
}

// damagedFolder copies a training folder and cuts half a column off.
func (b *bench) damagedFolder(ref sdk.DataRef) (sdk.DataRef, error) {
	dir, err := b.folder("damaged")
	if err != nil {
		return ref, err
	}
	if err := os.CopyFS(filepath.Join(dir, "train"), os.DirFS(ref.Dir)); err != nil {
		return ref, err
	}
	ref.Dir = filepath.Join(dir, "train")
	cut, err := filepath.Glob(filepath.Join(ref.Dir, sdk.TableInteractions+".item*"))
	if err != nil || len(cut) == 0 {
		return ref, fmt.Errorf("plugintest: %s: no column to damage: %w", columns.Format, err)
	}
	if err := os.Chmod(cut[0], 0o600); err != nil {
		return ref, err
	}
	return ref, os.Truncate(cut[0], worldRows*2)
}

func featureCase(ctx context.Context, b *bench) error {
	p, err := b.configured(ctx, setup{})
	if err != nil {
		return err
	}
	conn, err := wire(p)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	calls := map[string]func() error{}
	switch b.spec.Kind {
	case sdk.KindRecommender:
		rpc := pb.NewRecommenderServiceClient(conn)
		calls[sdk.FeatureScore] = func() error {
			stream, err := rpc.Score(ctx, &pb.ScoreRequest{Users: le.Bytes([]int32{0})})
			if err == nil {
				_, err = stream.Recv()
			}
			return err
		}
		calls[sdk.FeatureUpdate] = func() error { _, err := rpc.Update(ctx, &pb.UpdateRequest{}); return err }
		calls[sdk.FeatureSave] = func() error { _, err := rpc.Save(ctx, &pb.SaveRequest{Dir: p.folder("scratch")}); return err }
	case sdk.KindDataset:
		rpc := pb.NewDatasetServiceClient(conn)
		calls[sdk.FeatureRespond] = func() error { _, err := rpc.Respond(ctx, &pb.RespondRequest{}); return err }
	case sdk.KindLLM:
		rpc := pb.NewLLMServiceClient(conn)
		calls[sdk.FeatureScore] = func() error { _, err := rpc.ScoreText(ctx, &pb.ScoreTextRequest{}); return err }
		calls[sdk.FeatureEmbed] = func() error { _, err := rpc.Embed(ctx, &pb.EmbedRequest{}); return err }
		calls[sdk.FeatureTune] = func() error { _, err := rpc.StartTune(ctx, &pb.StartTuneRequest{}); return err }
	}
	for feature, call := range calls {
		if b.spec.Has(feature) {
			continue
		}
		if err := refusedAs(ctx, p, "feature "+feature, convert.FromStatus(ctx, call()), sdk.ErrUnsupported); err != nil {
			return err
		}
	}
	return nil
}
