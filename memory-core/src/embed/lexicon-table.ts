// The words of software work and of the business that agents do for people, by what they mean. Data alone.

/**
 * One line is one class of words that stand for each other. `_` joins the words of a phrase, `~` before a line marks
 * words that are in so many tasks that they tell little. Classes below a `# topic` are near to each other; those below
 * a bare `#` have nothing in common.
 */
export const LEXICON_TABLE = `
#
~fix repair resolve mend patch correct rectify remedy solve cure hotfix bugfix workaround amend troubleshoot
~create add make new generate build_up introduce insert establish produce set_up scaffold bootstrap initialize init
~delete remove erase drop destroy discard purge wipe clear eliminate get_rid unset rm
~change modify update edit alter adjust revise tweak adapt vary customize
~show display print view present reveal list output
~find search locate look_for discover seek hunt lookup look_up
~get fetch retrieve obtain acquire read_out gather collect receive
~use apply employ utilize run_with invoke call
~start launch begin run execute boot kick_off fire_up spin_up bring_up
~stop halt end terminate quit exit finish shut_down shutdown cease abort
~check verify validate confirm ensure inspect examine make_sure assert
~send dispatch transmit deliver emit submit
~write save store persist record keep
~read load open
~move relocate transfer shift mv
~copy duplicate clone replicate cp mirror
~support handle allow enable accept permit let
~forbid block deny prevent disallow reject ban refuse prohibit
~improve enhance optimize better polish refine
~implement develop code_up program write_code realize
~problem issue trouble difficulty defect bug fault malfunction glitch
~wrong incorrect invalid bad faulty erroneous improper mistaken
~missing absent lacking lost not_found gone unavailable
~explain describe clarify tell illustrate
~choose select pick decide opt prefer
~need require demand want
~convert transform turn_into transcode cast map_to change_into
~replace substitute swap supersede
~rename retitle name_change
~split divide separate break_up partition chunk
~join combine merge concatenate unite concat append_to consolidate glue
~compare diff contrast cmp
~sort order_by rank arrange sorted sorting
~filter restrict narrow exclude
~count number_of how_many tally wc total_number
~sum total add_up aggregate accumulate
~compute calculate work_out evaluate determine calculation
~increase raise grow enlarge extend expand scale_up
~decrease reduce lower shrink lessen diminish cut_down minimize
~turn_on switch_on activate enable
~turn_off switch_off deactivate disable
~rewrite refactor restructure reorganize clean_up cleanup simplify tidy modernize
~again repeat retry once_more redo reattempt
~undo revert roll_back rollback back_out
~automatic automated automatically unattended auto
~manual manually
~all every each entire whole complete
~empty blank void nothing
~same identical equal equivalent
~different distinct unlike differ
~old outdated stale obsolete legacy aged ancient older
~recent latest newest current modern
~first initial beginning earliest head
~last final ending tail
~big large huge massive giant oversized
~small tiny little minor mini
~important critical crucial essential urgent high_priority vital
~optional not_required voluntary
~temporary temp tmp transient ephemeral
~permanent durable lasting persistent
~example sample demo showcase
~directory folder dir path mkdir subdirectory subfolder
~file document doc
~name title label caption
~value content
~result outcome output response answer
~text string str words
~number num integer int numeric digit figure
~list array sequence vector items
~user person people member account_holder
~customer client consumer shopper buyer guest
~developer dev programmer engineer coder
~team crew staff colleague
~machine computer host box
~program application app software tool executable
~system platform environment
~code source source_code codebase
~function method procedure routine subroutine func fn
~variable var
~parameter argument param arg
~property attribute attr field member
~option setting preference flag switch knob
~requirement spec specification
~task job todo ticket work_item assignment
~step stage phase
~limit bound maximum max cap threshold quota ceiling upper_bound
~minimum min lower_bound at_least
~average mean median avg
~percent percentage ratio share
~duplicate duplicated twice repeated double redundant
~hidden invisible concealed
~visible shown appearing
~reach access get_to
~wait await pause sleep
~skip ignore omit leave_out bypass
~default fallback standard
~break breaks broken not_working
~learn study understand investigate research analyze analysis explore

# errors
error failure fault err failed fail fails
exception throw thrown raise_error raised
crash die abort core_dump coredump blow_up collapse dies segfault
null nil none undefined npe null_pointer nullpointerexception nullish null_reference null_dereference not_function cannot_read attributeerror nonetype
segmentation segfault sigsegv invalid_memory access_violation bad_access
stack_overflow maximum_call infinite_recursion recursionerror
out_memory oom oomkilled memory_exhausted heap_exhausted memoryerror cannot_allocate enomem
no_space enospc disk_full quota_exceeded
permission_denied eacces eperm not_permitted access_denied forbidden unauthorized
no_such enoent file_not filenotfounderror missing_file
address_already eaddrinuse port_already already_in port_conflict port_taken
connection_refused econnrefused unreachable cannot_connect host_unreachable enotfound
connection_reset econnreset broken_pipe epipe socket_hang hang_up
timeout timed_out etimedout deadline_exceeded took_too time_out deadline
too_many emfile file_descriptor descriptor_limit enfile
syntax_error syntaxerror parse_error unexpected_token malformed unparsable unexpected_end indentationerror
type_error typeerror type_mismatch incompatible_types not_assignable wrong_type
reference_error referenceerror nameerror not_defined undeclared unresolved_symbol cannot_find
module_not modulenotfounderror cannot_resolve importerror unresolved_import missing_module no_module
key_error keyerror missing_key no_key unknown_key
index_out indexerror out_range out_bounds off_by rangeerror
division_zero zerodivisionerror divide_zero nan not_number
assertion_failed assertionerror assert_failed expectation
overflow underflow truncation integer_overflow
backtrace stack_trace stacktrace traceback call_stack stack_frame
warning warn notice deprecation_warning
bug defect regression flaw misbehave misbehavior
hang freeze stuck unresponsive hung frozen not_responding stall
internal_server 500 server_error
bad_gateway 502 503 504 service_unavailable gateway_timeout
not_found 404 page_not missing_page
bad_request 400 422 unprocessable
debug debugger breakpoint diagnose root_cause troubleshooting postmortem gdb lldb pdb
corrupt corrupted damaged garbled checksum_mismatch broken_data
recover recovery self_heal resilience fault_tolerance resilient robust
retry backoff reattempt jitter circuit_breaker
exit_code return_code exit_status nonzero status_code

# login and rights
authentication auth login log_in sign_in signin logon authenticate authenticator logging_in
logout log_out sign_out signout end_session
registration register sign_up signup create_account enroll onboarding
authorization authorize permission access_control acl rbac privilege entitlement right rights
role administrator admin superuser root_user moderator
session cookie session_id logged_in
token jwt bearer access_token refresh_token web_token
oauth oauth2 oidc openid sso single_sign saml identity_provider idp social_login google_login
password passwd passphrase credential pw pwd
reset_password forgot_password password_recovery forgotten
two_factor 2fa mfa otp totp one_time multi_factor authenticator_app passkey webauthn
api_key secret apikey access_key secret_key private_key
identity principal subject claim
user_account account profile user_profile
ldap active_directory kerberos directory_service

# security
security secure hardening harden safety infosec
vulnerability cve exploit weakness security_hole advisory
encryption encrypt cipher aes crypto cryptography rsa encrypted
decryption decrypt decipher
hash digest checksum sha256 md5 sha1 bcrypt argon2 scrypt fingerprint salt
certificate cert tls ssl https x509 lets_encrypt letsencrypt pem certbot handshake
signature signed hmac verify_signature
injection sqli sql_injection command_injection
xss cross_site script_injection
csrf xsrf request_forgery
sanitize escape sanitization untrusted validate_input clean_input
firewall iptables ufw nftables security_group allowlist whitelist denylist blacklist
malware virus trojan ransomware
leak_secret exposed_secret secret_scanning leaked_key
audit audit_log audit_trail compliance gdpr
privacy personal_data pii anonymize redact mask pseudonymize
sandbox isolation isolate jail chroot seccomp
vault keychain secret_manager kms key_management
attack attacker intruder hacker breach brute_force ddos

# database
database db datastore rdbms data_store dbms
sql query select_from statement select
postgres postgresql psql pg pgsql
mysql mariadb
sqlite libsql sqlite3 turso
mongo mongodb document_store nosql
redis memcached key_value valkey
elasticsearch opensearch lucene solr full_text
table relation entity
column field attribute
row tuple record
schema ddl data_model table_definition create_table
migration migrate schema_change alembic flyway liquibase alter_table
index indexing btree composite_index covering_index
primary_key foreign_key unique_key constraint referential
transaction commit_transaction acid isolation_level atomic rollback_transaction
orm prisma sequelize typeorm sqlalchemy hibernate activerecord drizzle entity_framework
join inner_join left_join outer_join
stored_procedure trigger plpgsql
replication replica standby read_replica follower failover
sharding shard partitioning horizontal_partition
connection_pool pool pgbouncer pooling
dump pg_dump mysqldump
seed fixture_data sample_data populate
normalization denormalize normal_form
explain_plan query_plan slow_query query_optimizer execution_plan
warehouse bigquery snowflake redshift data_lake olap
cursor resultset result_set
insert upsert insert_into on_conflict
wal write_ahead journal_mode vacuum checkpoint
n1 lazy_load eager_load

# network
network networking lan connectivity
http https rest restful web_request
request call_api api_call
response reply http_response
api endpoint rest_api web_api route
graphql apollo gql resolver
grpc protobuf rpc remote_procedure protocol_buffer
websocket socket_io web_socket ws realtime live_update server_sent sse
webhook callback_url event_hook
url uri link hyperlink
dns domain_name nameserver resolve_name hostname
ip ip_address ipv4 ipv6 subnet cidr
port listen listening bind
proxy reverse_proxy nginx haproxy traefik gateway envoy caddy
load_balancer load_balancing lb round_robin
cors cross_origin preflight
header http_header headers
download curl wget
upload multipart attach attachment send_file
ssh secure_shell sshd openssh remote_shell
scp sftp rsync ftp file_transfer
vpn tunnel wireguard openvpn port_forwarding
socket tcp udp datagram
latency round_trip response_time lag ping
bandwidth throughput transfer_rate
packet tcpdump wireshark sniff
rate_limit rate_limiting throttle throttling 429 quota
cdn cloudfront cloudflare edge_cache
email mail smtp imap mailer newsletter inbox
redirect 301 302 forward_to
offline disconnected no_network no_internet
timeout keep_alive keepalive idle_connection
crawl scrape scraper spider crawler web_scraping
remote far_away distant

# build
build compile compilation rebuild
compiler gcc clang tsc javac rustc
bundle bundler webpack vite rollup esbuild parcel turbopack
makefile cmake make_target ninja bazel gradle maven ant
transpile babel swc
dependency package library third_party lib dep module
install npm_install pip_install setup installation
npm yarn pnpm package_json node_modules lockfile package_lock
pip poetry pipenv requirements_txt pyproject conda virtualenv venv uv
cargo crates crate
apt apt_get dpkg debian_package yum dnf rpm pacman brew homebrew apk
upgrade bump newer_version update_version outdated_dependency
downgrade pin pinned_version lock_version
version semver release_number versioning
publish release ship registry npm_publish
monorepo workspace turborepo nx lerna
minify uglify tree_shaking
artifact binary build_output dist
link_error linker undefined_reference unresolved_external ld
tsconfig compiler_options jsconfig
incremental build_cache cached_build
header_file include_path include
cross_compile target_platform toolchain
import require export_from import_path
circular_import circular_dependency import_cycle cyclic
deprecated deprecation sunset phased_out

# testing
test testing tests spec test_case
unit_test unit_testing vitest jest mocha pytest junit unittest rspec xunit
integration_test e2e playwright cypress selenium puppeteer browser_test
mock stub fake spy test_double mocking monkeypatch
fixture test_data setup_teardown before_each
coverage code_coverage istanbul covered lcov
assert expect assertion matcher
flaky intermittent nondeterministic sometimes_fails sporadic unstable order_dependent
snapshot golden_file snapshot_test
regression_test regress smoke_test acceptance_test
fuzz fuzzing fast_check hypothesis quickcheck
benchmark load_test stress_test perf_test k6 jmeter
tdd test_driven bdd cucumber gherkin
qa quality_assurance tester

# style of code
lint linter eslint biome pylint ruff flake8 checkstyle rubocop static_analysis
format formatter prettier black gofmt code_style indentation indent whitespace quote_style
type_check type_checker typing mypy type_annotation type_hint tsc pyright typed
unused dead_code unreachable_code never_used unneeded knip
comment docstring jsdoc javadoc annotation
readme documentation docs manual guide document_code wiki changelog
naming convention camelcase snake_case naming_convention
technical_debt code_smell cruft
code_review review pull_request pr merge_request mr reviewer
complexity cyclomatic spaghetti nested
duplication copy_paste dry repeated_code

# version control
git version_control vcs svn mercurial source_control
repository repo git_repository
commit check_in changeset committed
branch feature_branch git_branch checkout
main master trunk default_branch main_branch
merge rebase cherry_pick squash fast_forward
conflict merge_conflict conflicting both_changed
push git_push upstream
pull git_pull
clone git_clone fork
stash shelve working_tree uncommitted
git_reset revert undo_commit reset_hard
tag git_tag release_tag
blame git_log commit_history history bisect
gitignore ignored_files untracked
submodule subtree
hook pre_commit husky git_hook
github gitlab bitbucket gitea
author committer contributor

# continuous integration
ci continuous_integration pipeline workflow github_actions gitlab_ci jenkins circleci travis ci_cd
cd continuous_delivery deployment continuous_deployment deploy rollout
release production prod live_environment go_live
staging preproduction test_environment preview_environment
runner build_agent ci_runner
roll_back rollback revert_release undo_deploy
canary blue_green gradual_rollout feature_flag feature_toggle
job build_job pipeline_step stage
red failing_build broken_build build_failed
green passing

# containers
docker container podman containerd containerized
dockerfile image base_image docker_image image_layer layer
compose docker_compose multi_container
kubernetes k8s kubectl cluster kube openshift k3s minikube
pod replica_set replicaset statefulset daemonset crashloopbackoff
helm kustomize manifest
ingress service_mesh istio linkerd
volume persistent_volume mount bind_mount pvc
registry docker_hub container_registry ecr
namespace cgroup
orchestration swarm nomad
sidecar init_container
virtual_machine vm hypervisor vagrant qemu virtualbox vmware

# cloud
cloud aws azure gcp google_cloud amazon_web hosting
s3 bucket object_storage blob_storage blob
lambda serverless cloud_function faas
ec2 instance droplet compute_engine
terraform pulumi cloudformation iac ansible provisioning provision chef puppet
iam service_account access_policy assume_role
autoscale autoscaling scale_out elastic
region availability_zone data_center datacenter
heroku vercel netlify fly_io
cost spending cloud_bill
sqs sns pubsub event_bridge

# frontend
frontend front_end ui user_interface gui
react jsx react_js preact
vue vuejs nuxt
angular svelte solidjs ember
nextjs next_js remix gatsby
component widget
hook use_effect use_state usememo custom_hook
state redux zustand mobx store_state state_management vuex
render rendering rerender re_render paint draw
css stylesheet style sass scss tailwind bootstrap styling
layout flexbox grid alignment align responsive media_query mobile_screen small_screen
button click clickable press
form input_field text_field form_field
dropdown select_box combobox menu
modal dialog popup overlay lightbox
tooltip popover
spinner loading progress_bar skeleton loading_indicator loader
navigation navbar sidebar routing router breadcrumb tab_bar
page screen webpage web_page site website
dark_mode theme theming color_scheme light_mode
animation transition animate keyframe
icon svg sprite logo
font typography typeface
accessibility a11y aria screen_reader wcag keyboard_navigation assistive
internationalization i18n localization l10n locale translation translate language_file multilingual
html markup dom html5
browser chrome firefox safari webkit
ssr server_side hydration hydrate prerender static_generation
scroll infinite_scroll scrolling
pagination paginate paging page_size limit_offset next_page
reload refresh hot_reload page_reload
local_storage session_storage indexeddb
drag_drop draggable drag
search_box autocomplete typeahead search_bar suggestion
chart graph plot diagram visualization d3 histogram visualize draw_graph
table_view data_grid datagrid
toast snackbar notification alert_message banner
form_validation validation required_field
color colour rgb hex_color
mobile phone smartphone tablet ios android
react_native flutter swiftui jetpack
storybook design_system
seo meta_tag sitemap search_engine
service_worker pwa progressive_web
viewport screen_size resolution
dashboard panel

# backend
backend back_end server server_app
express fastify koa nestjs hapi
django flask fastapi rails laravel spring spring_boot symfony
middleware interceptor request_pipeline
controller handler request_handler
route routing
service microservice monolith small_service
daemon background_service long_running
web_server apache nginx httpd
payload body request_body
serialization serialize marshal deserialize unmarshal
cache caching memoize memoization cached ttl
invalidate cache_invalidation evict eviction expire expired expiry
queue message_queue kafka rabbitmq nats activemq broker event_bus
producer publisher emitter
consumer subscriber listener
event message
background_job worker task_queue celery sidekiq bullmq
scheduler cron schedule periodic nightly daily weekly hourly timer crontab recurring scheduled
config configuration settings cfg conf configure environment_variable env dotenv hard_coded env_var
plugin extension addon plug_in
template jinja handlebars ejs mustache
dependency_injection inversion_control ioc
health_check liveness readiness heartbeat probe
idempotent idempotency exactly_once
swagger openapi api_docs api_specification endpoint_documentation

# monitoring
log logging logger log_file logfile journalctl syslog winston pino
monitoring observability monitor telemetry opentelemetry otel
metric prometheus statsd gauge counter measurement
trace tracing span jaeger zipkin distributed_tracing
alert alerting pagerduty on_call alarm
grafana kibana datadog new_relic sentry
incident outage downtime incident_response service_down
uptime availability sla slo
log_rotation logrotate rotate_log

# speed
performance speed fast perf throughput quick
slow sluggish takes_long laggy too_long slowness
profile profiler profiling flame_graph hotspot
optimize speed_up accelerate faster tune make_faster
bottleneck contention hot_path
cpu processor cpu_usage processor_load
memory ram heap memory_usage
memory_leak leak growing_memory retained
garbage_collection gc garbage_collector
load traffic heavy_load peak high_load
scale scalability scaling scalable
big_o algorithmic quadratic time_complexity
batch bulk batching in_batches
buffer ring_buffer
compression compress_response gzip brotli
lazy lazy_loading on_demand deferred
preload prefetch warm_up warmup
vectorize simd gpu cuda

# concurrency
concurrency concurrent parallel parallelism simultaneous multithreaded multithreading
thread threading pthread goroutine
race race_condition data_race lost_update
lock mutex semaphore latch critical_section
deadlock livelock waits_forever starvation
async asynchronous promise future coroutine await_promise
callback continuation completion_handler
event_loop nonblocking non_blocking
synchronous sync blocking
atomic compare_swap cas lock_free
process subprocess child_process fork spawn
channel pipe actor mailbox
debounce throttle
synchronize synchronization barrier
cancel_request abort_signal cancellation abortcontroller
stream streaming backpressure readable_stream
transactional optimistic_lock pessimistic
distributed consensus raft paxos leader_election eventual_consistency

# languages
javascript js ecmascript es6 node nodejs deno bun
typescript ts type_definition
python py python3 cpython
java jvm jdk kotlin
csharp dotnet asp_net
cpp cplusplus
rust borrow_checker borrowck lifetime
golang go_lang go_module goroutines
ruby gem
php composer
swift xcode
scala akka clojure
haskell elixir erlang ocaml
perl lua
bash shell sh zsh shell_script bash_script shellscript script
powershell cmd batch_file
assembly asm machine_code
wasm webassembly
regex regular_expression regexp pattern_match backtracking
generics generic type_parameter template_type
class object_oriented oop inheritance subclass
interface protocol trait abstract_class
enum union_type enumeration discriminated
closure lambda_function anonymous_function arrow_function
recursion recursive
iterator iterate loop iteration foreach for_loop while_loop
macro preprocessor metaprogramming
null_safety optional_chaining strict_null possibly_null possibly_undefined
immutable readonly const frozen
pointer reference dangling
struct record_type dataclass

# data
data dataset information
json json_file jsonl ndjson
yaml yml toml ini
xml xslt xpath
csv tsv comma_separated spreadsheet excel xlsx
markdown md rst asciidoc
pdf docx word_document
image picture photo png jpeg jpg gif webp
video mp4 ffmpeg movie recording
audio sound mp3 wav
binary bytes hex base64 byte
encoding utf8 utf_8 unicode charset ascii character_set mojibake
parse parser parsing tokenizer lexer decode
schema_validation zod json_schema ajv pydantic
etl data_pipeline ingestion ingest airflow dbt spark
pandas numpy dataframe polars
export save_as
date datetime timestamp calendar day time_stamp
timezone time_zone utc gmt daylight_saving dst
uuid guid identifier unique_id
hashmap dictionary dict map hash_table associative
stack linked_list deque
tree trie binary_tree
dijkstra shortest_path
search_algorithm binary_search
random rng shuffle random_number
rounding round floating_point float decimal precision
currency exchange_rate
statistics statistical standard_deviation variance
line_ending crlf newline carriage_return
deduplicate dedup remove_duplicate uniq distinct unique
report summary summarize
metadata tags annotations
backup restore snapshot back_up disaster_recovery

# machine learning
machine_learning ml deep_learning neural_network neural_net ai artificial_intelligence
train training fit_model finetune fine_tune
model classifier regressor
predict prediction inference forecast
pytorch tensorflow keras jax scikit sklearn
embedding vector_search semantic_search nearest_neighbor similarity cosine
llm language_model gpt claude chatbot prompt transformer
classification regression clustering kmeans
accuracy recall f1 loss
overfit overfitting regularization dropout
feature_engineering feature
hyperparameter learning_rate grid_search
rag retrieval_augmented
tokenization token_count context_window
agent assistant copilot tool_call mcp
jupyter notebook colab
label annotate ground_truth labeled
computer_vision object_detection ocr image_recognition
speech voice transcription

# users and groups of a machine
useradd adduser user_account new_user create_user account
usermod change_user add_user modify_user
userdel deluser delete_user remove_user
group groupadd usergroup groups addgroup create_group
groupmod gpasswd group_membership supplementary
passwd chpasswd password
sudo root superuser sudoers administrator elevated
whoami logged_in id current_user
home_directory home_dir home
login_shell chsh default_shell
password_expiry chage password_aging

# permissions of files
permission chmod mode access_right file_mode readable writable executable read_only rwx permissions
owner chown ownership belong owned
chgrp group_ownership group_owner
umask default_permission
setuid setgid sticky_bit suid
acl setfacl getfacl
immutable_file chattr lsattr

# files of a machine
ls list_files directory_listing dir_listing
find locate_files find_files search_files
mkdir create_directory make_directory new_folder new_directory
rmdir remove_directory delete_directory delete_folder
rm delete_file remove_file unlink deletion
cp copy_file copy_directory copies
mv move_file rename_file move_files
touch create_file empty_file new_file modification_time
ln symlink symbolic_link hard_link soft_link shortcut symbolic
cat contents file_content show_content
stat file_size modified_time
du disk_usage folder_size directory_size
df free_space disk_space filesystem_usage storage disk partition
mount umount fstab filesystem mkfs ext4
tar archive tarball untar tar_gz pack bundle_files unpack extract_archive
gzip gunzip zip unzip compress compressed bzip2 xz 7z decompress
split_file csplit
rsync sync_folder mirror_directory synchronize_folder
backup back_up backup_copy backups
extension suffix file_extension txt
hidden_file dotfile dotfiles
working_directory pwd cd current_directory change_directory
recursive recursively subdirectories nested_folder
wildcard glob globbing
inode file_system
mtime days_old older_than newer_than
basename dirname realpath absolute_path relative_path
file_type mime_type

# text in a shell
grep search_text occurrence containing contains matching match egrep ripgrep rg phrase lines_containing
sed replace_text substitution substitute search_replace find_replace stream_editor
awk column field columns gawk extract_column delimiter
cut extract_field separated colon
sort sorted alphabetical ascending descending sorting_order
uniq unique duplicate_lines distinct_lines deduplicate unique_lines
wc count_lines line_count word_count count_words number_lines
head top_lines first_lines
tail last_lines follow_log
tr translate_character uppercase lowercase upper_case lower_case capitalize
paste join_lines merge_files
diff compare_files differences cmp comm
tee redirect redirection append_file appended
echo printf print_text write_file
xargs pipe piped
line lines
nl number_each numbered
vi vim nano emacs editor
jq json_query
align_columns tabular
here_document heredoc

# processes of a machine
process ps pid process_id running_processes processes
kill pkill killall terminate_process end_process sigterm sigkill stop_process signal
top htop resource_usage load_average
background nohup disown foreground
nice renice priority
systemctl service systemd unit_file init_d enable_service start_service boot_time at_boot
cron crontab schedule cron_job every_day every_hour every_minute
lsof open_files fuser
free swap
uptime uname kernel operating_system linux ubuntu debian
strace system_call ltrace
ulimit resource_limit
environment_variable export_variable printenv path_variable bashrc shell_profile alias
script executable_script shebang bash_script run_script
exit_trap trap signal_handler
device dev_null block_device
package_manager apt_install install_package
hostname hostnamectl host_name
netstat ss open_ports listening_port
ifconfig ip_addr network_interface
ping traceroute nslookup dig
dmesg journal kernel_log

# travel
flight plane airplane fly aircraft airline flights
trip journey travel itinerary voyage travelling traveler
booking reservation book reserve booked rebook
airport departure terminal gate
depart leave take_off departing outbound
arrive arrival land landing
nonstop direct_flight direct one_way
layover stopover connection onestop connecting one_stop
round_trip return_flight roundtrip
passenger traveller flyer companion
seat window_seat aisle seating
cabin business_class economy first_class basic_economy
luggage baggage bag suitcase carry_on checked_bag bags
boarding boarding_pass check_in checkin
delay delayed late postponed behind_schedule lateness
cancelled cancellation cancel call_off cancelled_flight
insurance travel_insurance insured
hotel room accommodation lodging stay hostel
car_rental rental hire_car rent
train railway rail bus
passport visa id_card
destination fly_to heading_to
loyalty frequent_flyer membership miles gold silver bronze
fare ticket airfare ticket_price
morning before_noon am early
evening afternoon night pm
tomorrow next_day following_day
reschedule move_date change_date postpone different_date

# shop
order purchase buy bought ordering
cart basket shopping_cart shopping
checkout place_order
product item article goods merchandise
catalog inventory stock in_stock
out_stock sold_out backorder
price cost amount charge fee pricing
cheap cheapest inexpensive affordable lowest_price low_cost budget
expensive costly pricey premium
discount coupon promo promotion offer sale rebate
delivery shipment shipping ship parcel courier shipped
track tracking where_is order_status whereabouts
address street zip postal delivery_address shipping_address postcode
return send_back return_item bring_back
exchange swap_item replacement another_size
refund money_back reimburse reimbursement refunded chargeback
size fit variant
warranty guarantee
gift present gift_wrap
wishlist favorite saved_items
supplier vendor seller merchant
rating stars feedback
subscription subscribe plan renewal renew monthly_plan
unsubscribe cancel_subscription opt_out

# payment
payment pay paid paying settle
credit_card card debit_card visa_card mastercard
gift_card voucher certificate gift_certificate travel_certificate store_credit
invoice bill receipt billing
bank transfer_money wire iban
balance funds credit
tax vat duty
stripe paypal payment_gateway braintree
fraud fraudulent scam
payroll salary wage
expense spending accounting ledger
loan mortgage interest_rate

# service to customers
agent representative human_agent operator support_agent transfer_human
complaint complain dissatisfied unhappy upset
compensation compensate goodwill
apologize sorry apology
help support assist assistance aid helpdesk
question inquiry enquiry ask
policy rule terms regulation conditions
eligible eligibility qualify entitled
confirm confirmation acknowledge approve approval
phone_number telephone phone call_number contact
name_change correct_name misspelled
change_reservation modify_booking change_booking modify_reservation update_reservation change_flight
upgrade upgrade_class
add_passenger remove_passenger
appointment meeting calendar_entry schedule_meeting slot
message chat conversation
escalate escalation supervisor manager
personal_information contact_details customer_details
survey satisfaction
support_case case

# people and firms
employee worker staff_member personnel
company firm business enterprise organization organisation
department division unit
contract agreement legal lawyer
market marketing campaign advertising
crm salesforce hubspot
healthcare patient doctor clinic hospital medical
school student teacher course university education lesson
restaurant meal food dinner
weather temperature rain
game player gaming
news blog
social_media twitter facebook instagram
gps geolocation latitude longitude location coordinates
`;
