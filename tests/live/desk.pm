# What the live suite's Request Tracker holds before any ticket: people, groups, queues, custom fields, rights, tokens.
# Loaded by rt-up through rt-setup-database-5 --action insert; tokens are written to the file TOKENS_FILE names.
use strict;
use warnings;
our (@Users, @Groups, @Queues, @CustomFields, @ACL, @Final);

my %people = (
    alice => 'Alice Moreau', bob => 'Bob Okafor', carol => 'Carol Jensen', dan => 'Dan Petrov',
    makegood => 'makegood robot', readonly => 'A robot that may only look',
);
for my $login (sort keys %people) {
    push @Users, { Name => $login, RealName => $people{$login}, EmailAddress => "$login\@helpdesk.example",
                   Password => 'password', Privileged => 1 };
}

push @Users, { Name => 'ana@customer.example', EmailAddress => 'ana@customer.example', Password => 'password',
               Privileged => 0 };    # a customer who can speak for herself

my %members = ('Tier 1' => [qw(alice bob)], 'Tier 2' => [qw(carol dan)], Robots => ['makegood'], Readers => ['readonly']);
push @Groups, map { { Name => $_, Description => $_, Members => { Users => $members{$_} } } } sort keys %members;

push @Queues, map { { Name => $_, Description => $_, CorrespondAddress => lc . '@helpdesk.example',
                      CommentAddress => lc . '-notes@helpdesk.example' } } qw(Support Billing Escalations);

sub ticket_field {
    my ($name, $type, %more) = @_;
    my $order = 0;
    my @values = map { { Name => $_, SortOrder => $order++ } } @{ delete $more{values} || [] };
    push @CustomFields, { Name => $name, Type => $type, LookupType => 'RT::Queue-RT::Ticket', %more,
                          (@values ? (Values => \@values) : ()) };
}
ticket_field('Customer tier', 'SelectSingle', values => [qw(free standard vip)]);
ticket_field('CSAT', 'SelectSingle', values => [qw(offered good bad)]);
ticket_field('CSAT comment', 'Text', MaxValues => 1);
ticket_field('Follow up by', 'DateTime', MaxValues => 1);
ticket_field('Tags', 'FreeformMultiple');
ticket_field('Recovery', 'FreeformSingle');

my @look = qw(SeeQueue ShowTicket ShowTicketComments SeeCustomField ShowOutgoingEmail SeeGroup);
my @work = (@look, qw(CreateTicket ModifyTicket ReplyToTicket CommentOnTicket OwnTicket TakeTicket StealTicket
                      ReassignTicket Watch WatchAsAdminCc ModifyCustomField));
my %rights = ('Tier 1' => \@work, 'Tier 2' => \@work, Robots => \@work, Readers => \@look);
for my $group (sort keys %rights) {
    push @ACL, map { { Right => $_, GroupDomain => 'UserDefined', GroupId => $group } } @{ $rights{$group} };
}
push @ACL, map { { Right => $_, GroupDomain => 'SystemInternal', GroupType => 'Everyone' } }
    qw(CreateTicket ReplyToTicket SeeQueue);

push @Final, sub {
    my $escalations = RT::Queue->new(RT->SystemUser);
    $escalations->Load('Escalations');
    $escalations->SetSLADisabled(0);    # here, and only here, RT's own service levels write Due
    open my $out, '>', $ENV{TOKENS_FILE} or die "$ENV{TOKENS_FILE}: $!";
    for my $login (qw(root makegood readonly alice ana@customer.example)) {
        my $user = RT::User->new(RT->SystemUser);
        $user->Load($login);
        my ($ok, $why, $token) = RT::AuthToken->new(RT->SystemUser)->Create(Owner => $user->id, Description => 'live suite');
        die "no token for $login: $why" unless $ok;
        print {$out} "$login $token\n";
    }
    close $out or die $!;
};
1;
